// A new chat: people are found by their names; with one of them it is a chat of two, with several or with a name a group.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { createChat } from '../api/chats';
import { searchPeople } from '../api/people';
import { problemOf } from '../api/problem';
import type { User } from '../api/types';
import { Avatar } from '../parts/Avatar';
import { Dialog } from '../parts/Dialog';
import { Field } from '../parts/Field';
import { Trouble } from '../parts/Trouble';
import { useBusy } from '../parts/useBusy';
import { putChat } from '../state/chats';
import { displayName, learn } from '../state/people';
import { openChat } from '../state/route';
import { session } from '../state/session';
import { cleanLine } from '../texts/clean';
import { errorWords } from '../texts/errors';
import { t } from '../texts/texts';

const SEARCH_AFTER_MS = 200;

export function NewChat({ onClose }: { onClose: () => void }): JSX.Element {
  const chosen = useSignal<User[]>([]);
  const title = useSignal('');
  const { isBusy, trouble, run } = useBusy();
  const isGroup = chosen.value.length !== 1 || title.value.trim() !== '';
  const make = (event: Event) => {
    event.preventDefault();
    run(async () => {
      const chat = await createChat(
        title.value.trim(),
        chosen.value.map((person) => person.user_id),
      );
      putChat(chat);
      onClose();
      openChat(chat.chat_id);
    });
  };
  const toggle = (person: User) => {
    const others = chosen.value.filter((one) => one.user_id !== person.user_id);
    chosen.value = others.length < chosen.value.length ? others : [...others, person];
  };
  return (
    <Dialog title={t('newChat')} onClose={onClose}>
      <form class="form" onSubmit={make}>
        <People chosen={chosen.value} onToggle={toggle} />
        <Field label={t('chatNameOptional')} text={title} maxLength={256} />
        <p class="hint">{isGroup ? t('groupHint', { n: chosen.value.length + 1 }) : t('pairHint')}</p>
        <Trouble words={trouble} />
        <button class="button primary" type="submit" disabled={isBusy || (chosen.value.length === 0 && title.value.trim() === '')}>
          {t('createChat')}
        </button>
      </form>
    </Dialog>
  );
}

function People({ chosen, onToggle }: { chosen: User[]; onToggle: (person: User) => void }): JSX.Element {
  const query = useSignal('');
  const found = useSignal<User[] | null>(null);
  const trouble = useSignal('');
  const wanted = query.value.trim();
  useEffect(() => {
    let isOld = false;
    if (wanted === '') {
      found.value = null;
      return;
    }
    const timer = setTimeout(async () => {
      try {
        const { items } = await searchPeople(wanted);
        if (isOld) return;
        learn(items);
        found.value = items.filter((person) => person.user_id !== session.value?.user_id);
        trouble.value = '';
      } catch (thrown) {
        if (!isOld) trouble.value = errorWords(problemOf(thrown));
      }
    }, SEARCH_AFTER_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [wanted]);
  const others = found.value?.filter((person) => !chosen.some((one) => one.user_id === person.user_id)) ?? [];
  return (
    <>
      <Field
        label={t('findPeople')}
        text={query}
        type="search"
        autocomplete="off"
        onKeyDown={(event) => {
          // Enter in the search does not make the chat.
          if (event.key === 'Enter') event.preventDefault();
        }}
      />
      <Trouble words={trouble.value} />
      <div class="people" role="group" aria-label={t('people')}>
        {[...chosen, ...others].map((person) => (
          <Person key={person.user_id} person={person} isChosen={chosen.includes(person)} onToggle={onToggle} />
        ))}
        {found.value && others.length === 0 && chosen.length === 0 && <p class="hint">{t('nobodyFound')}</p>}
      </div>
    </>
  );
}

function Person({ person, isChosen, onToggle }: { person: User; isChosen: boolean; onToggle: (person: User) => void }): JSX.Element {
  const name = displayName(person);
  return (
    <label class="person">
      <input type="checkbox" checked={isChosen} onChange={() => onToggle(person)} />
      <Avatar id={person.user_id} name={name} small />
      <span class="person-name">
        <bdi>{name}</bdi>
        {name !== person.username && <small>{cleanLine(person.username)}</small>}
      </span>
    </label>
  );
}

// Where one writes. What is sent goes into the outbox first, so it is not lost whatever happens to the connection or the page.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { IconButton } from '../../parts/IconButton';
import { Trouble } from '../../parts/Trouble';
import { write } from '../../state/outbox';
import { edit } from '../../state/room/change';
import { showEnd } from '../../state/room/paging';
import type { Composing, Room } from '../../state/room/room';
import { tellTyping } from '../../state/room/typing';
import { keep, kept } from '../../store/small';
import { cleanContent, cleanLine, shortened, utf8Bytes } from '../../texts/clean';
import { t } from '../../texts/texts';

/** What the server takes (`limits.message_bytes`, by default); what it takes less it refuses in words. */
const MESSAGE_BYTES_MAX = 65_536;
const HEIGHT_MAX = 200;

/** On a touch screen Enter makes a new line, as people expect there. */
const hasKeyboard = () => !matchMedia('(pointer: coarse)').matches;

const draftKey = (room: Room) => `plenum.draft.${room.me}.${room.chatId}`;

function grow(field: HTMLTextAreaElement): void {
  field.style.height = 'auto';
  field.style.height = `${Math.min(field.scrollHeight, HEIGHT_MAX)}px`;
}

export function Composer({ room }: { room: Room }): JSX.Element {
  const text = useSignal(kept(draftKey(room)) ?? '');
  const field = useRef<HTMLTextAreaElement>(null);
  const composing = room.composing.value;
  const set = (value: string) => {
    text.value = value;
    if (composing.mode !== 'edit') keep(draftKey(room), value === '' ? null : value);
  };
  // At once: what is typed from now on belongs to it.
  useLayoutEffect(() => {
    if (composing.mode === 'edit') text.value = composing.target.content;
    if (composing.mode !== 'new') field.current?.focus();
  }, [composing]);
  useEffect(() => {
    // Who has a keyboard can write at once; a touch screen would cover half the room with one.
    if (hasKeyboard()) field.current?.focus();
  }, []);
  useEffect(() => {
    if (field.current) grow(field.current);
  }, [text.value]);
  const content = cleanContent(text.value);
  const bytes = utf8Bytes(content);
  const isTooLong = bytes > MESSAGE_BYTES_MAX;
  const cancel = () => {
    if (composing.mode === 'edit') text.value = kept(draftKey(room)) ?? '';
    room.composing.value = { mode: 'new' };
  };
  const send = () => {
    if (content.trim() === '' || isTooLong) return;
    void deliver(room, composing, content, cancel);
    if (composing.mode !== 'edit') {
      set('');
      room.composing.value = { mode: 'new' };
    }
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && composing.mode !== 'new') cancel();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || !hasKeyboard()) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {composing.mode !== 'new' && <About composing={composing} onCancel={cancel} />}
      <Trouble words={isTooLong ? t('messageTooLong', { n: bytes, max: MESSAGE_BYTES_MAX }) : undefined} />
      <div class="composer-line">
        <textarea
          ref={field}
          rows={1}
          aria-label={t('message')}
          placeholder={t('messagePlaceholder')}
          value={text}
          dir="auto"
          onInput={(event) => {
            set(event.currentTarget.value);
            tellTyping(room);
          }}
          onKeyDown={onKeyDown}
        />
        <IconButton type="submit" icon="send" name={composing.mode === 'edit' ? t('save') : t('send')} class="send" disabled={isTooLong} />
      </div>
    </form>
  );
}

async function deliver(room: Room, composing: Composing, content: string, done: () => void): Promise<void> {
  if (composing.mode === 'edit') {
    if (await edit(room, composing.target, content)) done();
    return;
  }
  await write(room.chatId, content, composing.mode === 'reply' ? composing.target.message_id : null);
  await showEnd(room);
}

function About({ composing, onCancel }: { composing: Exclude<Composing, { mode: 'new' }>; onCancel: () => void }): JSX.Element {
  return (
    <div class="composer-about">
      <span class="composer-what">{composing.mode === 'edit' ? t('editing') : t('replying')}</span>
      <span class="composer-quote" dir="auto">
        {shortened(cleanLine(composing.target.content.slice(0, 1_000)), 160)}
      </span>
      <IconButton icon="close" name={t('cancel')} onClick={onCancel} />
    </div>
  );
}

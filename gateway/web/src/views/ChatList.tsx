// The list of chats: newest first, with the last message and what is unread.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Chat } from '../api/types';
import { Avatar } from '../parts/Avatar';
import { Icon } from '../parts/icons';
import { chatName, chats, chatsNext, chatsProblem, loadChats, loadMoreChats } from '../state/chats';
import { outbox } from '../state/outbox';
import { nameOf } from '../state/people';
import { chatAddress, openChat } from '../state/route';
import { session } from '../state/session';
import { toastProblem } from '../state/toasts';
import { cleanLine, shortened } from '../texts/clean';
import { shortMoment } from '../texts/dates';
import { errorWords } from '../texts/errors';
import { t } from '../texts/texts';
import { NewChat } from './NewChat';

const PREVIEW_CHARACTERS = 120;

export function ChatList({ openId }: { openId: string | null }): JSX.Element {
  const isMaking = useSignal(false);
  // The page's heading, unless a room has one.
  const Heading = openId === null ? 'h1' : 'h2';
  return (
    <nav class="chats" aria-label={t('chats')}>
      <div class="chats-head">
        <Heading>{t('chats')}</Heading>
        {!session.value?.is_guest && (
          <button
            class="button small"
            type="button"
            onClick={() => {
              isMaking.value = true;
            }}
          >
            <Icon name="add" size={18} />
            {t('newChat')}
          </button>
        )}
      </div>
      <div class="chats-scroll">
        <List openId={openId} />
      </div>
      {isMaking.value && (
        <NewChat
          onClose={() => {
            isMaking.value = false;
          }}
        />
      )}
    </nav>
  );
}

function List({ openId }: { openId: string | null }): JSX.Element {
  const list = chats.value;
  const problem = chatsProblem.value;
  if (!list) return problem ? <NotRead words={errorWords(problem)} /> : <Skeleton />;
  if (list.length === 0) return <p class="chats-empty">{t('noChats')}</p>;
  return (
    <>
      <ul class="chats-list">
        {list.map((chat) => (
          <Line key={chat.chat_id} chat={chat} isOpen={chat.chat_id === openId} />
        ))}
      </ul>
      {chatsNext.value && (
        <button class="link chats-more" type="button" onClick={() => void loadMoreChats().catch(toastProblem)}>
          {t('moreChats')}
        </button>
      )}
    </>
  );
}

function Line({ chat, isOpen }: { chat: Chat; isOpen: boolean }): JSX.Element {
  const name = chatName(chat);
  const moment = new Date(chat.last_activity_timestamp);
  return (
    <li>
      <a
        class="chat-line"
        href={chatAddress(chat.chat_id)}
        aria-current={isOpen ? 'page' : undefined}
        data-chat-id={chat.chat_id}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          openChat(chat.chat_id);
        }}
      >
        <Avatar id={chat.chat_id} name={name} />
        <span class="chat-name">
          <bdi>{name}</bdi>
        </span>
        <time class="chat-moment" dateTime={chat.last_activity_timestamp}>
          {shortMoment(moment)}
        </time>
        <span class="chat-last" dir="auto">
          {preview(chat)}
        </span>
        {chat.unread > 0 && !isOpen && (
          <span class="badge" data-unread={chat.unread}>
            <span aria-hidden="true">{chat.unread > 999 ? '999+' : chat.unread}</span>
            <span class="visually-hidden">{t('unreadMessages', { n: chat.unread })}</span>
          </span>
        )}
      </a>
    </li>
  );
}

/** The last message in one line; what waits to be sent comes later than it. */
function preview(chat: Chat): string {
  const waiting = outbox.value.findLast((item) => item.chat_id === chat.chat_id);
  if (waiting) return `${t('you')}: ${shortened(cleanLine(waiting.content), PREVIEW_CHARACTERS)}`;
  const { last } = chat;
  if (!last) return chat.last_message ? '…' : t('noMessages');
  const text = last.deleted ? t('deletedMessage') : shortened(cleanLine(last.content.slice(0, 1_000)), PREVIEW_CHARACTERS);
  if (last.sender === session.value?.user_id) return `${t('you')}: ${text}`;
  const name = chat.kind === 'direct' ? '' : nameOf(last.sender);
  return name ? `${name}: ${text}` : text;
}

function NotRead({ words }: { words: string }): JSX.Element {
  return (
    <div class="chats-empty">
      <p role="alert">{words}</p>
      <button class="button small" type="button" onClick={() => void loadChats()}>
        {t('tryAgain')}
      </button>
    </div>
  );
}

function Skeleton(): JSX.Element {
  return (
    <div class="skeletons" aria-busy="true">
      <p class="visually-hidden">{t('loading')}</p>
      {[0, 1, 2, 3, 4].map((line) => (
        <div key={line} class="skeleton-line" aria-hidden="true">
          <span class="skeleton skeleton-round" />
          <span class="skeleton skeleton-text" />
        </div>
      ))}
    </div>
  );
}

// One message, with what stands above it: a day, the line of what is unread, its author.
import { Component, type ComponentChild, type JSX } from 'preact';
import { Problem } from '../../api/problem';
import type { Message } from '../../api/types';
import { Avatar } from '../../parts/Avatar';
import { Icon } from '../../parts/icons';
import { MessageText } from '../../parts/MessageText';
import { chatById } from '../../state/chats';
import { discard, retry } from '../../state/outbox';
import { nameOf } from '../../state/people';
import { fillGap, showMessage } from '../../state/room/paging';
import type { Room } from '../../state/room/room';
import { cleanLine, shortened } from '../../texts/clean';
import { dayInWords, exactTime, timeOfDay } from '../../texts/dates';
import { errorWords } from '../../texts/errors';
import { t } from '../../texts/texts';
import type { Standing } from '../../timeline/rows';
import type { Item } from './items';
import { MessageActions } from './MessageActions';

const QUOTE_CHARACTERS = 120;

interface RowProps extends Standing {
  room: Room;
  item: Item;
  startsUnread: boolean;
  hasGapBehind: boolean;
  isBeginning: boolean;
}

/** Drawn anew only when something of it has changed: a busy room changes one row at a time. */
export class MessageRow extends Component<RowProps> {
  override shouldComponentUpdate(next: Readonly<RowProps>): boolean {
    const now: RowProps = this.props;
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== now[name]);
  }

  render({ room, item, startsDay, startsGroup, endsGroup, startsUnread, hasGapBehind, isBeginning }: RowProps): ComponentChild {
    const { message } = item;
    const isOwn = message.sender === room.me;
    return (
      <div class="row" data-key={item.key}>
        {isBeginning && <p class="separator quiet">{t('beginning')}</p>}
        {startsDay && <p class="separator">{dayInWords(new Date(message.created))}</p>}
        {startsUnread && <p class="separator unread-line">{t('unreadLine')}</p>}
        <Bubble room={room} item={item} isOwn={isOwn} startsGroup={startsGroup || startsUnread} endsGroup={endsGroup} />
        {hasGapBehind && <Gap room={room} id={message.message_id} />}
      </div>
    );
  }
}

interface BubbleProps {
  room: Room;
  item: Item;
  isOwn: boolean;
  startsGroup: boolean;
  endsGroup: boolean;
}

function Bubble({ room, item, isOwn, startsGroup, endsGroup }: BubbleProps): JSX.Element {
  const { message, state } = item;
  const name = isOwn ? t('you') : nameOf(message.sender);
  const isDirect = chatById(room.chatId)?.kind === 'direct';
  const classes = `message${isOwn ? ' own' : ''}${startsGroup ? ' starts' : ''}${endsGroup ? ' ends' : ''}`;
  return (
    <div
      class={classes}
      role="article"
      tabIndex={-1}
      aria-label={`${name || t('somebody')}, ${timeOfDay(new Date(message.created))}`}
      data-message-id={message.message_id || undefined}
      data-client-msg-id={message.client_msg_id}
      data-state={state}
    >
      {!isOwn && !isDirect && <span class="message-avatar">{endsGroup && <Avatar id={message.sender} name={name} small />}</span>}
      <div class="bubble">
        {startsGroup && !isOwn && !isDirect && (
          <span class="message-author">
            <bdi>{name || '…'}</bdi>
          </span>
        )}
        {message.reply_to && <Quote room={room} id={message.reply_to} />}
        {message.deleted ? <p class="deleted">{t('deletedMessage')}</p> : <MessageText text={message.content} />}
        <Meta item={item} isOwn={isOwn} />
      </div>
      {!message.deleted && message.message_id !== '' && <MessageActions room={room} message={message} isOwn={isOwn} />}
      {item.waiting?.failed && <Failed item={item} />}
    </div>
  );
}

const STATE_NAMES = {
  waiting: 'stateWaiting',
  sent: 'stateSent',
  received: 'stateReceived',
  read: 'stateRead',
  failed: 'stateFailed',
} as const;

function Meta({ item, isOwn }: { item: Item; isOwn: boolean }): JSX.Element {
  const { message, state } = item;
  const created = new Date(message.created);
  const isEdited = !message.deleted && message.updated !== message.created;
  return (
    <span class="meta">
      {isEdited && <span>{t('edited')}</span>}
      <time dateTime={message.created} title={exactTime(created)}>
        {timeOfDay(created)}
      </time>
      {isOwn && (
        <span class={`state state-${state}`} title={t(STATE_NAMES[state])}>
          <Icon name={state} size={16} />
          <span class="visually-hidden">{t(STATE_NAMES[state])}</span>
        </span>
      )}
    </span>
  );
}

function Quote({ room, id }: { room: Room; id: string }): JSX.Element {
  const target: Message | undefined = room.timeline.peek().messages.find((message) => message.message_id === id);
  const text = target?.deleted ? t('deletedMessage') : target && shortened(cleanLine(target.content.slice(0, 1_000)), QUOTE_CHARACTERS);
  return (
    <button class="quote" type="button" onClick={() => void showMessage(room, id)}>
      {target && (
        <span class="quote-author">
          <bdi>{target.sender === room.me ? t('you') : nameOf(target.sender)}</bdi>
        </span>
      )}
      <span class="quote-text" dir="auto">
        {text ?? t('replyTarget')}
      </span>
    </button>
  );
}

function Gap({ room, id }: { room: Room; id: string }): JSX.Element {
  return (
    <div class="gap" data-gap={id}>
      <span>{t('gap')}</span>
      <button class="button small" type="button" onClick={() => void fillGap(room, id)}>
        {t('gapLoad')}
      </button>
    </div>
  );
}

/** The realtime protocol has one code for everything that it does not take in a message. */
const refusal = ({ code, detail }: { code: number; detail: string }) => new Problem(code === 107 ? 422 : code, detail);

function Failed({ item }: { item: Item }): JSX.Element | null {
  const { waiting } = item;
  if (!waiting?.failed) return null;
  return (
    <div class="failed" role="group" aria-label={t('stateFailed')}>
      <span>
        {t('notSent')} {errorWords(refusal(waiting.failed))}
      </span>
      <button class="link" type="button" onClick={() => void retry(waiting)}>
        {t('retry')}
      </button>
      <button class="link dangerous" type="button" onClick={() => void discard(waiting)}>
        {t('discard')}
      </button>
    </div>
  );
}

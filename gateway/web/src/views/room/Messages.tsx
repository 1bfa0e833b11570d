// The messages of a room as a list that one can scroll through, however long it is.
import { useComputed } from '@preact/signals';
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef } from 'preact/hooks';
import { Icon } from '../../parts/icons';
import { type View, VirtualList, type VirtualListHandle } from '../../parts/virtual/VirtualList';
import { outbox } from '../../state/outbox';
import { loadNewer, loadOlder, showEnd } from '../../state/room/paging';
import { noteSeen } from '../../state/room/reading';
import type { Room } from '../../state/room/room';
import { t } from '../../texts/texts';
import { standing } from '../../timeline/rows';
import { Announcer } from './Announcer';
import { type Item, itemsOf } from './items';
import { MessageRow } from './MessageRow';

/** Pages are read before one comes to their end, in pixels. */
const READ_BEFORE = 1_200;
const ROW_HEIGHT = 46;
const LINE_HEIGHT = 21;
const LINE_CHARACTERS = 52;

function estimateOf(item: Item | undefined): number {
  const text = item?.message.content ?? '';
  return ROW_HEIGHT + LINE_HEIGHT * Math.min(24, Math.floor(text.length / LINE_CHARACTERS));
}

/** Somebody looks at the page. */
const isLookedAt = () => !document.hidden && document.hasFocus();

/** What follows from where the list stands. */
function useView(room: Room, items: { value: Item[] }): (view: View) => void {
  const last = useRef<View | null>(null);
  const onView = useCallback((view: View) => {
    last.current = view;
    // On the way to somewhere else: what is in view just now says nothing.
    if (room.target.peek() !== null) return;
    const timeline = room.timeline.value;
    room.isAtBottom.value = view.isAtEnd && timeline.atEnd;
    room.lookedAtId = messageIdAt(items.value, view.lastKey);
    if (room.isAtBottom.value) room.newCount.value = 0;
    if (isLookedAt() && room.lookedAtId) noteSeen(room, room.lookedAtId);
    if (view.pixelsAbove < READ_BEFORE && !timeline.atStart) void loadOlder(room);
    if (view.pixelsBelow < READ_BEFORE && !timeline.atEnd) void loadNewer(room);
  }, []);
  useEffect(() => {
    const again = () => {
      if (last.current) onView(last.current);
    };
    const ending = room.isSubscribed.subscribe(again);
    addEventListener('focus', again);
    document.addEventListener('visibilitychange', again);
    return () => {
      ending();
      removeEventListener('focus', again);
      document.removeEventListener('visibilitychange', again);
    };
  }, []);
  return onView;
}

/** The message of a row; for what waits to be sent, the newest one before it. */
function messageIdAt(items: Item[], key: string | undefined): string | undefined {
  const place = items.findLastIndex((item) => item.key === key);
  return items.findLast((item, index) => index <= place && item.message.message_id !== '')?.message.message_id;
}

/** Goes where `room.target` says, as soon as it is there. */
function useTarget(room: Room, list: { current: VirtualListHandle | null }, items: { value: Item[] }): void {
  const target = room.target.value;
  useEffect(() => {
    if (!target || !list.current) return;
    if (target === 'end') list.current.showEnd();
    else {
      const item = items.value.find((one) => one.message.message_id === target.messageId);
      if (!item || !list.current.showKey(item.key)) return;
      if (target.mark) point(target.messageId);
    }
    room.target.value = null;
  }, [target, items.value]);
}

/** Lets the eye find a message that was jumped to. */
function point(messageId: string): void {
  requestAnimationFrame(() => {
    const row = document.querySelector(`[data-message-id="${CSS.escape(messageId)}"]`);
    row?.classList.add('pointed');
    setTimeout(() => row?.classList.remove('pointed'), 2_000);
  });
}

export function Messages({ room }: { room: Room }): JSX.Element {
  const list = useRef<VirtualListHandle>(null);
  const items = useComputed(() => itemsOf(room.timeline.value, outbox.value, room.chatId, room.me));
  const keys = useComputed(() => items.value.map((item) => item.key));
  const onView = useView(room, items);
  useTarget(room, list, items);
  const shown = items.value;
  const { gaps, atEnd, atStart } = room.timeline.value;
  const unreadFrom = room.unreadFrom.value;
  const row = (index: number) => {
    const item = shown[index] as Item;
    const place = standing(shown[index - 1]?.message, item.message, shown[index + 1]?.message);
    return (
      <MessageRow
        key={item.key}
        room={room}
        item={item}
        {...place}
        startsUnread={unreadFrom !== null && item.message.message_id === unreadFrom}
        hasGapBehind={gaps.has(item.message.message_id)}
        isBeginning={index === 0 && atStart}
      />
    );
  };
  if (shown.length === 0) return <Empty />;
  return (
    <div class="messages">
      <VirtualList
        keys={keys.value}
        estimate={(index) => estimateOf(shown[index])}
        row={row}
        followsEnd={atEnd}
        label={t('messages')}
        onView={onView}
        handle={list}
      />
      <ToEnd room={room} />
      <Announcer room={room} />
    </div>
  );
}

function Empty(): JSX.Element {
  return (
    <div class="messages">
      <div class="scroll empty" role="log" aria-label={t('messages')} tabIndex={0}>
        <Icon name="chats" size={36} />
        <p>{t('emptyRoom')}</p>
      </div>
    </div>
  );
}

function ToEnd({ room }: { room: Room }): JSX.Element | null {
  if (room.isAtBottom.value) return null;
  const count = room.newCount.value;
  return (
    <button class="to-end" type="button" onClick={() => void showEnd(room)}>
      <span class="visually-hidden">{t('newest')}</span>
      {count > 0 && <span data-new={count}>{t('newMessages', { n: count })}</span>}
      <Icon name="down" size={18} />
    </button>
  );
}

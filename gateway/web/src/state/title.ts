// The title of the browser's tab: where one is, and how much is unread elsewhere.
import { effect } from '@preact/signals';
import { chatById, chatName, chats } from './chats';
import { openRoom } from './room/open';

/** Follows the chats as long as the page lives. */
export function followTitle(): void {
  effect(() => {
    const openId = openRoom.value?.chatId;
    const unread = (chats.value ?? []).reduce((sum, chat) => sum + (chat.chat_id === openId ? 0 : chat.unread), 0);
    const open = openId ? chatById(openId) : undefined;
    const name = open && chatName(open);
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${name ? `${name} – ` : ''}Plenum`;
  });
}

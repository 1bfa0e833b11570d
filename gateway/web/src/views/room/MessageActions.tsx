// What can be done with a message. The server decides; what it would refuse anyway is not offered.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Message } from '../../api/types';
import { copy } from '../../parts/copy';
import { Dialog } from '../../parts/Dialog';
import { Menu, type MenuItem } from '../../parts/Menu';
import { chatById } from '../../state/chats';
import { remove } from '../../state/room/change';
import type { Room } from '../../state/room/room';
import { toast } from '../../state/toasts';
import { t } from '../../texts/texts';

export function MessageActions({ room, message, isOwn }: { room: Room; message: Message; isOwn: boolean }): JSX.Element {
  const isAsking = useSignal(false);
  const role = chatById(room.chatId)?.role ?? '';
  const items: MenuItem[] = [
    { icon: 'reply', name: t('reply'), onChoose: () => compose(room, 'reply', message) },
    { icon: 'copy', name: t('copyText'), onChoose: async () => toast((await copy(message.content, null)) ? 'copied' : 'copyFailed') },
  ];
  if (isOwn) items.push({ icon: 'edit', name: t('edit'), onChoose: () => compose(room, 'edit', message) });
  if (isOwn || role === 'owner' || role === 'moderator') {
    const ask = () => {
      isAsking.value = true;
    };
    items.push({ icon: 'remove', name: t('delete'), isDangerous: true, onChoose: ask });
  }
  const close = () => {
    isAsking.value = false;
  };
  return (
    <div class="actions">
      <Menu name={t('actions')} items={items} />
      {isAsking.value && <AskDelete room={room} message={message} onClose={close} />}
    </div>
  );
}

function compose(room: Room, mode: 'reply' | 'edit', target: Message): void {
  room.composing.value = { mode, target };
}

function AskDelete({ room, message, onClose }: { room: Room; message: Message; onClose: () => void }): JSX.Element {
  const now = () => {
    onClose();
    void remove(room, message);
  };
  return (
    <Dialog title={t('deleteAsk')} onClose={onClose}>
      <p>{t('deleteLead')}</p>
      <div class="form-buttons">
        <button class="button primary dangerous" type="button" onClick={now}>
          {t('delete')}
        </button>
        <button class="button" type="button" onClick={onClose}>
          {t('cancel')}
        </button>
      </div>
    </Dialog>
  );
}

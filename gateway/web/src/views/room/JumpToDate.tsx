// Asks for a day and goes to its first message.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Dialog } from '../../parts/Dialog';
import { showDate } from '../../state/room/paging';
import type { Room } from '../../state/room/room';
import { t } from '../../texts/texts';

/** A day of this device's calendar as the field has it. */
function fieldValue(day: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** The midnight with which that day begins here. */
function dayOf(value: string): Date | null {
  const [year, month, day] = value.split('-').map(Number);
  return year && month && day ? new Date(year, month - 1, day) : null;
}

export function JumpToDate({ room, onClose }: { room: Room; onClose: () => void }): JSX.Element {
  const value = useSignal(fieldValue(new Date()));
  const go = (event: Event) => {
    event.preventDefault();
    const day = dayOf(value.value);
    if (!day) return;
    onClose();
    void showDate(room, day);
  };
  return (
    <Dialog title={t('jumpToDate')} onClose={onClose}>
      <form class="form" onSubmit={go}>
        <label class="field">
          <span>{t('date')}</span>
          <input
            type="date"
            required
            max={fieldValue(new Date())}
            value={value}
            onInput={(event) => {
              value.value = event.currentTarget.value;
            }}
          />
        </label>
        <button class="button primary" type="submit">
          {t('go')}
        </button>
      </form>
    </Dialog>
  );
}

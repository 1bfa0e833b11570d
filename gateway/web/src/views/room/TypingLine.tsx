// Who is typing. The line is always there, so that nothing moves when somebody begins.
import type { JSX } from 'preact';
import { nameOf } from '../../state/people';
import type { Room } from '../../state/room/room';
import { t } from '../../texts/texts';

function words(userIds: readonly string[]): string {
  const [first, second] = userIds.map((userId) => nameOf(userId) || t('somebody'));
  if (!first) return '';
  if (!second) return t('typingOne', { name: first });
  return userIds.length === 2 ? t('typingTwo', { name: first, other: second }) : t('typingMany', { n: userIds.length });
}

export function TypingLine({ room }: { room: Room }): JSX.Element {
  const userIds = room.typing.value;
  return (
    <p class="typing" data-typing={userIds.length > 0 ? userIds.join(' ') : undefined}>
      {words(userIds)}
    </p>
  );
}

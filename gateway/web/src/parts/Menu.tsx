// A button with a menu of things to do. The menu lies over everything, is left with Escape, and gives the focus back.
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icons';

export interface MenuItem {
  icon: IconName;
  name: string;
  isDangerous?: boolean;
  onChoose: () => void;
}

const MARGIN = 8;

/** Puts the menu below the button, or above it where there is more room. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const near = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const left = Math.min(Math.max(MARGIN, near.right - width), innerWidth - width - MARGIN);
  const below = near.bottom + 4;
  menu.style.left = `${left}px`;
  menu.style.top = `${below + height + MARGIN > innerHeight ? Math.max(MARGIN, near.top - height - 4) : below}px`;
}

function moveFocus(event: KeyboardEvent, menu: HTMLElement): void {
  const items = [...menu.querySelectorAll<HTMLElement>('[role="menuitem"]')];
  const now = items.indexOf(document.activeElement as HTMLElement);
  const steps: Record<string, number> = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: items.length - 1 };
  const next = steps[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items[(next + items.length) % items.length]?.focus();
}

export function Menu({ name, items }: { name: string; items: MenuItem[] }): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const [isOpen, setOpen] = useState(false);
  useLayoutEffect(() => {
    if (!isOpen || !menu.current || !button.current) return;
    menu.current.showPopover?.();
    place(menu.current, button.current);
    menu.current.querySelector<HTMLElement>('[role="menuitem"]')?.focus();
  }, [isOpen]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <>
      <button
        class="icon-button menu-button"
        type="button"
        ref={button}
        aria-label={name}
        title={name}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="more" />
      </button>
      {isOpen && (
        <div
          class="menu"
          role="menu"
          aria-label={name}
          popover="auto"
          ref={menu}
          onToggle={(event) => {
            if (event.newState === 'closed') setOpen(false);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape' || event.key === 'Tab') close();
            else moveFocus(event, event.currentTarget);
          }}
        >
          {items.map((item) => (
            <button
              key={item.name}
              class={`menu-item${item.isDangerous ? ' dangerous' : ''}`}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                item.onChoose();
              }}
            >
              <Icon name={item.icon} size={18} />
              {item.name}
            </button>
          ))}
        </div>
      )}
    </>
  );
}

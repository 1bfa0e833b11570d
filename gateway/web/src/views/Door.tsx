// The frame of what is shown before one is in: a card in the middle of the page.
import type { ComponentChildren, JSX } from 'preact';
import { Switches } from '../parts/Switches';

export function Door({ title, lead, children }: { title: string; lead: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="door">
      <header class="door-head">
        <span class="mark">Plenum</span>
        <Switches />
      </header>
      <main class="door-main">
        <div class="card">
          <h1>
            <bdi>{title}</bdi>
          </h1>
          <p class="lead">{lead}</p>
          {children}
        </div>
      </main>
    </div>
  );
}

// A long list of which only what is near the view is drawn. It stays where one reads: whatever is put in front, taken away or found to be of
// another height, the row that is looked at does not move; at the end it follows the end.
import { Component, type ComponentChild, type RefObject } from 'preact';
import { Heights } from './heights';

/** What is drawn beyond the view, in pixels of height. */
const OVERSCAN = 900;
/** Drawn anew when less than this is left. */
const OVERSCAN_MIN = 300;
/** So near to the end counts as at the end. */
const END = 40;

export interface View {
  firstKey: string | undefined;
  lastKey: string | undefined;
  isAtEnd: boolean;
  pixelsAbove: number;
  pixelsBelow: number;
}

export interface VirtualListHandle {
  showKey: (key: string) => boolean;
  showEnd: () => void;
}

interface Props {
  keys: readonly string[];
  estimate: (index: number) => number;
  row: (index: number) => ComponentChild;
  /** Whether the end is the end: then a list at its end follows it. */
  followsEnd: boolean;
  label: string;
  onView: (view: View) => void;
  handle: RefObject<VirtualListHandle | null>;
}

interface Anchor {
  key: string;
  /** From the top of the view to the top of the row. */
  delta: number;
}

export class VirtualList extends Component<Props> implements VirtualListHandle {
  readonly #heights = new Heights();
  #viewport: HTMLElement | null = null;
  #content: HTMLElement | null = null;
  #anchors: Anchor[] = [];
  #isAtEnd = true;
  /** Where the view was put last to follow the end. */
  #put = 0;
  #width = 0;
  #drawn = { from: 0, to: 0 };
  #observer: ResizeObserver | null = null;

  override componentDidMount(): void {
    this.props.handle.current = this;
    this.#observer = new ResizeObserver(() => this.#settle());
    if (this.#viewport) this.#observer.observe(this.#viewport);
    if (this.#content) this.#observer.observe(this.#content);
    this.#settle();
  }

  override componentDidUpdate(): void {
    this.#settle();
  }

  override componentWillUnmount(): void {
    this.props.handle.current = null;
    this.#observer?.disconnect();
  }

  showKey(key: string): boolean {
    if (this.#heights.indexOf(key) < 0) return false;
    this.#isAtEnd = false;
    this.#anchors = [{ key, delta: Math.round((this.#viewport?.clientHeight ?? 0) / 4) }];
    this.forceUpdate();
    return true;
  }

  showEnd(): void {
    this.#isAtEnd = true;
    this.#anchors = [];
    this.forceUpdate();
  }

  get #follows(): boolean {
    return this.#isAtEnd && this.props.followsEnd;
  }

  /** Where the view will be over the list once it is drawn. */
  #viewTop(): number {
    const height = this.#viewport?.clientHeight ?? 800;
    const end = Math.max(0, this.#heights.total - height);
    if (this.#follows) return end;
    for (const { key, delta } of this.#anchors) {
      const index = this.#heights.indexOf(key);
      if (index >= 0) return Math.max(0, Math.min(end, this.#heights.top(index) - delta));
    }
    return this.#anchors.length === 0 ? end : Math.min(end, this.#viewport?.scrollTop ?? 0);
  }

  #range(overscan: number): { from: number; to: number } {
    if (this.#heights.count === 0) return { from: 0, to: 0 };
    const top = this.#viewTop();
    const height = this.#viewport?.clientHeight ?? 800;
    return { from: this.#heights.at(top - overscan), to: this.#heights.at(top + height + overscan) + 1 };
  }

  /** After every drawing and change of size: measures, and puts the view where it belongs. */
  #settle(): void {
    const [viewport, content] = [this.#viewport, this.#content];
    if (!viewport || !content) return;
    if (viewport.clientWidth !== this.#width) {
      this.#width = viewport.clientWidth;
      this.#heights.forget();
    }
    let hasChanged = false;
    for (const child of content.children) {
      const { key } = (child as HTMLElement).dataset;
      if (key !== undefined && this.#heights.measure(key, child.getBoundingClientRect().height)) hasChanged = true;
    }
    if (hasChanged) this.#heights.place();
    const { from, to } = this.#drawn;
    content.style.paddingTop = `${this.#heights.top(from)}px`;
    content.style.paddingBottom = `${this.#heights.total - this.#heights.top(to)}px`;
    const top = this.#viewTop();
    if (Math.abs(viewport.scrollTop - top) >= 1) viewport.scrollTop = top;
    if (this.#follows) this.#put = viewport.scrollTop;
    if (this.#lacks()) this.forceUpdate();
    else this.#tell();
  }

  #lacks(): boolean {
    const { from, to } = this.#range(OVERSCAN_MIN);
    return from < this.#drawn.from || to > this.#drawn.to;
  }

  readonly #onScroll = (): void => {
    const viewport = this.#viewport;
    if (!viewport) return;
    const { scrollTop, clientHeight } = viewport;
    this.#isAtEnd = this.#isEnd(viewport);
    this.#hold(scrollTop, clientHeight);
    if (this.#lacks()) this.forceUpdate();
    else this.#tell();
  };

  /** Whoever is at the end leaves it by scrolling back only: what has come since the view was put there lies below it. */
  #isEnd({ scrollTop, clientHeight, scrollHeight }: HTMLElement): boolean {
    return scrollHeight - scrollTop - clientHeight < END || (this.#follows && scrollTop >= this.#put - 1);
  }

  /** Remembers the rows in view: the first that is still there next time keeps its place. */
  #hold(scrollTop: number, height: number): void {
    this.#anchors = [];
    const last = this.#heights.at(scrollTop + height);
    for (let index = this.#heights.at(scrollTop); index <= last; index += 1) {
      const key = this.#heights.keyAt(index);
      if (key !== undefined) this.#anchors.push({ key, delta: this.#heights.top(index) - scrollTop });
    }
  }

  #tell(): void {
    const viewport = this.#viewport;
    if (!viewport || viewport.clientHeight === 0) return;
    const { scrollTop, clientHeight, scrollHeight } = viewport;
    // Also where nothing can be scrolled, and nobody is told of it.
    this.#isAtEnd = this.#isEnd(viewport);
    if (this.#anchors.length === 0) this.#hold(scrollTop, clientHeight);
    // A row that is in view by its last pixels only is not looked at.
    const lastIndex = this.#heights.at(scrollTop + clientHeight - 12);
    this.props.onView({
      firstKey: this.#heights.keyAt(this.#heights.at(scrollTop)),
      lastKey: this.#heights.keyAt(lastIndex),
      isAtEnd: this.#isAtEnd,
      pixelsAbove: scrollTop,
      pixelsBelow: scrollHeight - scrollTop - clientHeight,
    });
  }

  render({ keys, estimate, row, label }: Props): ComponentChild {
    this.#heights.setKeys(keys, estimate);
    this.#drawn = this.#range(OVERSCAN);
    const rows: ComponentChild[] = [];
    for (let index = this.#drawn.from; index < this.#drawn.to; index += 1) rows.push(row(index));
    return (
      <div
        class="scroll"
        role="log"
        aria-label={label}
        aria-live="off"
        tabIndex={0}
        ref={(element) => {
          this.#viewport = element;
        }}
        onScroll={this.#onScroll}
        onKeyDown={moveFocus}
      >
        <div
          class="scroll-content"
          ref={(element) => {
            this.#content = element;
          }}
        >
          {rows}
        </div>
      </div>
    );
  }
}

/** Arrow keys go from message to message. */
function moveFocus(event: KeyboardEvent): void {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
  const log = event.currentTarget as HTMLElement;
  const articles = [...log.querySelectorAll<HTMLElement>('[role="article"]')];
  const focused = articles.findIndex((article) => article.contains(document.activeElement));
  if (focused < 0 && event.target !== log) return;
  const next = focused < 0 ? articles.length - 1 : focused + (event.key === 'ArrowUp' ? -1 : 1);
  const article = articles[next];
  if (!article) return;
  event.preventDefault();
  article.focus({ preventScroll: true });
  article.scrollIntoView({ block: 'nearest' });
}

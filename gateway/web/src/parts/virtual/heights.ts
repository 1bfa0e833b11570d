// Where the rows of a long list stand: measured heights, and estimates for rows that were never drawn. Pure.

export class Heights {
  readonly #measured = new Map<string, number>();
  #keys: readonly string[] = [];
  #places = new Map<string, number>();
  #tops: Float64Array = new Float64Array(1);
  #estimate: (index: number) => number = () => 0;

  /** The list as it is now. Heights of rows that went are forgotten. */
  setKeys(keys: readonly string[], estimate: (index: number) => number): void {
    this.#estimate = estimate;
    if (keys === this.#keys) return;
    this.#keys = keys;
    this.#places = new Map(keys.map((key, index) => [key, index]));
    if (this.#measured.size > keys.length * 2 + 100) {
      for (const key of this.#measured.keys()) if (!this.#places.has(key)) this.#measured.delete(key);
    }
    this.place();
  }

  /** A row was drawn: gives whether it is of another height than was thought. `place` is to be called after the last one. */
  measure(key: string, height: number): boolean {
    if (this.#measured.get(key) === height) return false;
    this.#measured.set(key, height);
    return true;
  }

  /** Another width: nothing that was measured holds. */
  forget(): void {
    this.#measured.clear();
  }

  /** Puts the rows one under the other. */
  place(): void {
    const count = this.#keys.length;
    const tops = new Float64Array(count + 1);
    for (let index = 0; index < count; index += 1) {
      const height = this.#measured.get(this.#keys[index] as string) ?? this.#estimate(index);
      tops[index + 1] = (tops[index] as number) + height;
    }
    this.#tops = tops;
  }

  get count(): number {
    return this.#keys.length;
  }

  get total(): number {
    return this.#tops[this.#keys.length] ?? 0;
  }

  indexOf(key: string): number {
    return this.#places.get(key) ?? -1;
  }

  keyAt(index: number): string | undefined {
    return this.#keys[index];
  }

  /** Where a row begins; of the row behind the last one, where the list ends. */
  top(index: number): number {
    return this.#tops[Math.max(0, Math.min(index, this.count))] ?? 0;
  }

  /** The row at this height of the list; the nearest one outside. */
  at(y: number): number {
    let low = 0;
    let high = Math.max(0, this.count - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#tops[middle] as number) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Where a run of taken entries is cut off the front of the array. */
const SLACK = 1024;

/** A list that is appended to, read from the front, and given back to at the front: constant time each. */
export class DeliverList<T> {
  private items: (T | undefined)[] = [];
  private first = 0;

  get length(): number {
    return this.items.length - this.first;
  }

  get last(): T | undefined {
    return this.length === 0 ? undefined : this.items[this.items.length - 1];
  }

  append(item: T): void {
    this.items.push(item);
  }

  /** Takes the first entry out. */
  takeFirst(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.first];
    this.items[this.first++] = undefined;
    if (this.first >= SLACK && this.first * 2 >= this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return item;
  }

  /** Puts an entry in front of all others. */
  putFirst(item: T): void {
    if (this.first === 0) this.items.unshift(item);
    else this.items[--this.first] = item;
  }

  dropLast(): void {
    if (this.length > 0) this.items.pop();
  }

  /** Takes out the entries for which `wanted` holds, in order. */
  takeAll(wanted: (item: T) => boolean): T[] {
    const all = this.items.slice(this.first) as T[];
    this.items = all.filter((item) => !wanted(item));
    this.first = 0;
    return all.filter(wanted);
  }
}

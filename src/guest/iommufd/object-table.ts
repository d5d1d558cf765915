import { failure, type Outcome, success } from '../../ports/outcome.js';
import { IdSpace } from './id-space.js';
import type { IommufdObject, ObjectKind, ObjectOf } from './objects.js';

/** Ids have 31 bits: xa_limit_31b in drivers/iommu/iommufd/main.c. */
const LAST_ID = 0x7fffffff;

/** What stays of an object that was destroyed by force while its id was in use. */
const TOMBSTONE = Symbol('tombstone');

/** The objects of a context by their ids. */
export class ObjectTable {
  private readonly ids = new IdSpace(LAST_ID);
  private readonly entries = new Map<number, IommufdObject | typeof TOMBSTONE>();

  /** Objects, without tombstones. */
  get all(): IommufdObject[] {
    return [...this.entries.values()].filter((entry) => entry !== TOMBSTONE);
  }

  /** Ids in use, those of tombstones too. */
  get taken(): number {
    return this.entries.size;
  }

  /** EBUSY when no id is left, as xa_alloc has it. */
  add<K extends ObjectKind>(make: (id: number) => ObjectOf<K>): Outcome<ObjectOf<K>> {
    const id = this.ids.take();
    if (id === undefined) return failure('EBUSY');
    const made = make(id);
    this.entries.set(id, made as IommufdObject);
    return success(made);
  }

  /** Undefined for ids that are free, dead, or of another kind. */
  find<K extends ObjectKind>(kind: K, id: number): ObjectOf<K> | undefined {
    const object = this.any(id);
    return object?.kind === kind ? (object as ObjectOf<K>) : undefined;
  }

  any(id: number): IommufdObject | undefined {
    const entry = this.entries.get(id);
    return entry === TOMBSTONE ? undefined : entry;
  }

  remove(id: number): void {
    this.entries.delete(id);
    this.ids.give(id);
  }

  /** The object goes, its id stays taken until somebody destroys it (VIO-04). */
  bury(id: number): void {
    this.entries.set(id, TOMBSTONE);
  }

  clearTombstones(): void {
    for (const [id, entry] of [...this.entries]) if (entry === TOMBSTONE) this.remove(id);
  }

  /** Frees the id of a tombstone; false where there is none. */
  clearTombstone(id: number): boolean {
    if (this.entries.get(id) !== TOMBSTONE) return false;
    this.remove(id);
    return true;
  }
}

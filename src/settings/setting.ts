// What the one table of settings knows of each name, and how a record of settings is read.
import { nearest } from "./nearest.ts";
import type { Report, Shape } from "./shape.ts";

/** A row of the table. */
export interface Setting<S extends Shape<unknown>> {
  readonly shape: S;
  readonly fallback: ValueOf<S>;
  /** The manual's words; the first sentence stands alone in short lists. */
  readonly summary: string;
  /** "accepted": read and kept, but nothing acts on it yet. */
  readonly status: "active" | "accepted";
  /** The manual's words on a default that is not a value: "the name of this host". */
  readonly otherwise?: string;
}

/** The value that a shape reads. */
type ValueOf<S> = S extends Shape<infer T> ? T : never;

export function active<S extends Shape<unknown>>(
  shape: S,
  fallback: ValueOf<S>,
  summary: string,
  otherwise?: string,
): Setting<S> {
  return { shape, fallback, summary, status: "active", ...(otherwise !== undefined && { otherwise }) };
}

export function accepted<S extends Shape<unknown>>(
  shape: S,
  fallback: ValueOf<S>,
  summary: string,
  otherwise?: string,
): Setting<S> {
  return { ...active(shape, fallback, summary, otherwise), status: "accepted" };
}

/** SettingRows by name. */
export type SettingRows = Readonly<Record<string, Setting<Shape<unknown>>>>;

/** The record that rows describe. */
export type ValuesOf<R extends SettingRows> = { readonly [Name in keyof R]: ValueOf<R[Name]["shape"]> };

/**
 * What can be read of a record: each member by its row, in the order given. A member that is no row's or has a fault is reported
 * and left out, so that all faults of a configuration are told in one go.
 */
export function readRecord<R extends SettingRows>(
  given: Readonly<Record<string, unknown>>,
  rows: R,
  report: Report,
): Partial<ValuesOf<R>> {
  const record: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
    if (row === undefined) {
      report(`!${unknownName(name, Object.keys(rows))}`, value, [name], "name");
    } else if (value !== undefined) {
      let isRead = true;
      const read = readSetting(row, value, (wanted, found, inside = [], at) => {
        isRead = false;
        return report(wanted, found, [name, ...inside], at);
      });
      if (isRead) record[name] = read;
    }
  }
  if (!isPart(record, rows)) throw new Error("a member that is no setting");
  return record;
}

/** null stands for the default where the shape has no null of its own. */
function readSetting({ shape, fallback }: SettingRows[string], value: unknown, report: Report): unknown {
  return value === null && !shape.nullable ? fallback : shape.read(value, report);
}

/** What is said of a name that is no setting here. */
export function unknownName(name: string, known: readonly string[]): string {
  const bare = name.replace(/^[$@%]/, "");
  const meant = known.includes(bare) ? bare : nearest(name, known);
  const sigil = bare !== name && meant === bare ? " (names stand without $, @ and %)" : "";
  return `unknown setting${meant === undefined ? "" : `, did you mean "${meant}"?${sigil}`}`;
}

/** The whole record: what is not given has its default. */
export function withDefaults<R extends SettingRows>(given: Partial<ValuesOf<R>>, rows: R): ValuesOf<R> {
  const record: Record<string, unknown> = { ...given };
  for (const [name, { fallback }] of Object.entries(rows)) if (record[name] === undefined) record[name] = fallback;
  if (!isWhole(record, rows)) throw new Error("a setting without a default");
  return record;
}

// Each member was read by the shape of its own row: such a record is what the rows say.
function isPart<R extends SettingRows>(record: object, rows: R): record is Partial<ValuesOf<R>> {
  return Object.keys(record).every((name) => Object.hasOwn(rows, name));
}

function isWhole<R extends SettingRows>(record: object, rows: R): record is ValuesOf<R> {
  return isPart(record, rows) && Object.keys(rows).every((name) => Object.hasOwn(record, name));
}

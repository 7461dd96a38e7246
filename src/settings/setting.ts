// What the one table of settings knows of each name, and how a record of settings is read.
import { nearest } from "./nearest.ts";
import { type Report, type Shape, within } from "./shape.ts";

/** The areas of `src` that act on settings. */
export type ActingArea =
  | "checks"
  | "config"
  | "control"
  | "correspondence"
  | "daemon"
  | "dns"
  | "flow"
  | "history"
  | "http"
  | "log"
  | "milter"
  | "mime"
  | "notices"
  | "policy"
  | "pool"
  | "process"
  | "processes"
  | "quarantine"
  | "receive"
  | "relay"
  | "scanners"
  | "shared-cache"
  | "signing"
  | "sockets"
  | "verdicts";

/** A row of the table. */
export interface Setting<S extends Shape<unknown>> extends SettingTraits {
  readonly shape: S;
  readonly fallback: ValueOf<S>;
  /** The manual's words; the first sentence stands alone in short lists. */
  readonly summary: string;
  /** The area that does what the summary says. */
  readonly actedOnBy: ActingArea;
}

/** What only some rows say. */
export interface SettingTraits {
  /** The manual's words on a default that is not a value: "the name of this host". */
  readonly otherwise?: string;
  /** A reload does not put it in force. Of a group: this holds for all of its members. */
  readonly restart?: true;
  readonly sigil?: AmavisSigil;
}

/**
 * What amavisd's variable begins with. By default "@" for names that end in _maps, "%" for those in _by_ccat, else "$". "any": only
 * signpost has the setting, and an amavisd.conf may write it as it likes. "none": it is no variable there.
 */
export type AmavisSigil = "$" | "@" | "%" | "any" | "none";

/** The value that a shape reads. */
type ValueOf<S> = S extends Shape<infer T> ? T : never;

export function setting<S extends Shape<unknown>>(
  shape: S,
  fallback: ValueOf<S>,
  summary: string,
  actedOnBy: ActingArea,
  traits: SettingTraits = {},
): Setting<S> {
  return { shape, fallback, summary, actedOnBy, ...traits };
}

/** A name that a configuration may hold and nothing acts on (`known-names.ts`): checked for its form, then left out. */
export interface KnownName {
  readonly shape: Shape<unknown>;
  /** What it says in amavisd. */
  readonly summary: string;
  /**
   * Makes a value that asks for something an error, with this text: what mail would lack that an operator believes it has. All other
   * names are one warning.
   */
  readonly missed?: string;
  readonly sigil?: AmavisSigil;
}

export type KnownNames = Readonly<Record<string, KnownName>>;

export function known(shape: Shape<unknown>, summary: string, sigil?: AmavisSigil): KnownName {
  return { shape, summary, ...(sigil !== undefined && { sigil }) };
}

/** @param missed what is said where the value asks for something */
export function demand(shape: Shape<unknown>, summary: string, missed: string): KnownName {
  return { shape, summary, missed };
}

/** SettingRows by name. */
export type SettingRows = Readonly<Record<string, Setting<Shape<unknown>>>>;

/** The record that rows describe. */
export type ValuesOf<R extends SettingRows> = { readonly [Name in keyof R]: ValueOf<R[Name]["shape"]> };

/**
 * What can be read of a record: each member by its row, in the order given. A member that is no row's or has a fault is reported
 * and left out, so that all faults of a configuration are reported in one go. Of `known` names the form is checked, and they are left
 * out, too.
 */
export function readRecord<R extends SettingRows>(
  given: Readonly<Record<string, unknown>>,
  rows: R,
  report: Report,
  known: KnownNames = {},
): Partial<ValuesOf<R>> {
  const record: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
    if (row === undefined && Object.hasOwn(known, name)) {
      if (value !== null) known[name]?.shape.read(value, within(report, name));
    } else if (row === undefined) {
      report(`!${unknownName(name, [...Object.keys(rows), ...Object.keys(known)])}`, value, [name], "name");
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

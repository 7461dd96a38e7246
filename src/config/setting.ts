// What the one table of settings knows of each name, and the zod schemas that follow from it.
import * as z from "zod";
import type { BankSettings } from "../policy/settings.ts";
import { type Shape, schemaOf } from "./shape.ts";

export interface Setting<T> {
  readonly shape: Shape<T>;
  readonly fallback: T;
  /** The manual's words; the first sentence stands alone in short lists. */
  readonly summary: string;
  /** "accepted": read and kept, but nothing acts on it yet. */
  readonly status: "active" | "accepted";
  /** The manual's words on a default that is not a value: "the name of this host". */
  readonly otherwise?: string;
}

export function active<T>(shape: Shape<T>, fallback: T, summary: string, otherwise?: string): Setting<T> {
  return { shape, fallback, summary, status: "active", ...(otherwise !== undefined && { otherwise }) };
}

export function accepted<T>(shape: Shape<T>, fallback: T, summary: string, otherwise?: string): Setting<T> {
  return { ...active(shape, fallback, summary, otherwise), status: "accepted" };
}

/** A table of settings that gives a record of type T. */
export type SettingsOf<T> = { readonly [K in keyof T]-?: Setting<T[K]> };

/** Some settings of a bank; that all chapters together have each of them is for the registry to hold. */
export type BankChapter = Partial<SettingsOf<BankSettings>>;

/** A strict record of these settings, each of which may be missing. */
export function recordSchema<T extends object>(settings: SettingsOf<T>): z.ZodType<Partial<T>> {
  const members: readonly (readonly [string, Setting<unknown>])[] = Object.entries(settings);
  const fields = Object.fromEntries(
    members.map(([name, { shape, fallback }]) => [name, schemaOf(shape, fallback).optional()]),
  );
  return z.strictObject(fields, { error: "expected a mapping" }).transform((given): Partial<T> => {
    const record: object = given;
    // Each member went through the schema of its own setting: the record is what the table says.
    return isRecordOf(record, settings) ? record : z.NEVER;
  });
}

function isRecordOf<T extends object>(record: object, settings: SettingsOf<T>): record is Partial<T> {
  return Object.keys(record).every((name) => Object.hasOwn(settings, name));
}

/** The whole record: what is not given has its default. */
export function withDefaults<T extends object>(given: Partial<T>, settings: SettingsOf<T>): T {
  const record: Partial<T> = { ...given };
  for (const name in settings) if (record[name] === undefined) record[name] = settings[name].fallback;
  if (!isWhole(record, settings)) throw new Error("a setting without a default");
  return record;
}

function isWhole<T extends object>(record: Partial<T>, settings: SettingsOf<T>): record is T {
  return Object.keys(settings).every((name) => Object.hasOwn(record, name));
}

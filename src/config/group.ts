// A setting that is a record of settings of its own (`dns`, `pool`): strict, every member with its default.
import * as z from "zod";
import { recordSchema, type Setting, type SettingsOf, withDefaults } from "./setting.ts";
import { isMapping, type Shape } from "./shape.ts";

export interface Group<T> extends Shape<T> {
  readonly members: SettingsOf<T>;
  readonly defaults: T;
}

export function group<T extends object>(members: SettingsOf<T>): Group<T> {
  const record = recordSchema<T>(members);
  const defaults = withDefaults<T>({}, members);
  return {
    words: `a mapping of ${Object.keys(members).join(", ")}`,
    nullable: true,
    members,
    defaults,
    schema: z
      .unknown()
      .transform((given): unknown => given ?? {})
      .pipe(record)
      .transform((given) => withDefaults(given, members)),
    read: (value, report) => (value === null ? defaults : report("a mapping", value)),
  };
}

/** The members of a group shape, for messages and the manual. */
export function membersOf(shape: Shape<unknown>): Readonly<Record<string, Setting<unknown>>> | undefined {
  return "members" in shape && isSettings(shape.members) ? shape.members : undefined;
}

function isSettings(value: unknown): value is Readonly<Record<string, Setting<unknown>>> {
  return isMapping(value) && Object.values(value).every((member) => isMapping(member) && "shape" in member);
}

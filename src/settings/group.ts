// A setting that is a record of settings of its own (`dns`, `pool`): strict, every member with its default.

import { isMapping } from "../lookup/value.ts";
import { type KnownNames, readRecord, type SettingRows, type ValuesOf, withDefaults } from "./setting.ts";
import type { Shape } from "./shape.ts";

export interface Group<R extends SettingRows> extends Shape<ValuesOf<R>> {
  readonly members: R;
  readonly known: KnownNames;
  readonly defaults: ValuesOf<R>;
}

/** @param known members that may be given and nothing acts on */
export function group<R extends SettingRows>(members: R, known: KnownNames = {}): Group<R> {
  const defaults = withDefaults({}, members);
  return {
    words: `a mapping of ${Object.keys(members).join(", ")}`,
    nullable: true,
    members,
    known,
    inside: (name) => (Object.hasOwn(members, name) ? members[name]?.shape : known[name]?.shape),
    defaults,
    read(value, report) {
      if (value === null) return defaults;
      if (!isMapping(value)) return report("!expected a mapping", value);
      return withDefaults(readRecord(value, members, report, known), members);
    },
  };
}

/** The members of a group shape, for messages and the manual. */
export function membersOf(shape: Shape<unknown>): SettingRows | undefined {
  return "members" in shape && isSettings(shape.members) ? shape.members : undefined;
}

/** The members of a group shape that nothing acts on. */
export function knownMembersOf(shape: Shape<unknown>): KnownNames {
  return "known" in shape && isKnownNames(shape.known) ? shape.known : {};
}

function isKnownNames(value: unknown): value is KnownNames {
  return isMapping(value) && Object.values(value).every((member) => isMapping(member) && "summary" in member);
}

function isSettings(value: unknown): value is SettingRows {
  return isMapping(value) && Object.values(value).every((member) => isMapping(member) && "shape" in member);
}

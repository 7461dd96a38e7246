// A setting that is a record of settings of its own (`dns`, `pool`): strict, every member with its default.
import { readRecord, type SettingRows, type ValuesOf, withDefaults } from "./setting.ts";
import { isMapping, type Shape } from "./shape.ts";

export interface Group<R extends SettingRows> extends Shape<ValuesOf<R>> {
  readonly members: R;
  readonly defaults: ValuesOf<R>;
}

export function group<R extends SettingRows>(members: R): Group<R> {
  const defaults = withDefaults({}, members);
  return {
    words: `a mapping of ${Object.keys(members).join(", ")}`,
    nullable: true,
    members,
    defaults,
    read(value, report) {
      if (value === null) return defaults;
      if (!isMapping(value)) return report("!expected a mapping", value);
      return withDefaults(readRecord(value, members, report), members);
    },
  };
}

/** The members of a group shape, for messages and the manual. */
export function membersOf(shape: Shape<unknown>): SettingRows | undefined {
  return "members" in shape && isSettings(shape.members) ? shape.members : undefined;
}

function isSettings(value: unknown): value is SettingRows {
  return isMapping(value) && Object.values(value).every((member) => isMapping(member) && "shape" in member);
}

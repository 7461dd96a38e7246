// Goes through the texts of settings with the shape of each: names of files and secrets are found by their shapes.

import { isMapping } from "../lookup/value.ts";
import { shapeNamed } from "./registry.ts";
import type { Shape } from "./shape.ts";

/** Gives what stands in place of a text. */
export type ChangeText = (text: string, shape: Shape<unknown>, path: readonly (string | number)[]) => string;

/** Gives what stands in place of a mapping whatever its shape, or undefined to go on inside. */
export type ChangeMapping = (
  mapping: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
) => object | undefined;

/** A record like `settings`, by name, with other texts. Texts that no shape describes, as in lookup maps, stay. */
export function withTexts<T extends object>(settings: T, changeText: ChangeText, changeMapping?: ChangeMapping): T {
  const changed = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, change(value, shapeNamed(name), [name])]),
  );
  // `change` gives the kind of value it was given: text for text, a list for a list.
  return isLike(changed, settings) ? changed : settings;

  function change(value: unknown, shape: Shape<unknown> | undefined, path: readonly (string | number)[]): unknown {
    if (typeof value === "string") return shape === undefined ? value : changeText(value, shape, path);
    if (Array.isArray(value)) {
      return value.map((item: unknown, index) => change(item, shape?.inside?.(index), [...path, index]));
    }
    if (!isMapping(value)) return value;
    const other = changeMapping?.(value, path);
    if (other !== undefined) return other;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, change(member, shape?.inside?.(name), [...path, name])]),
    );
  }
}

function isLike<T extends object>(changed: object, value: T): changed is T {
  return Object.keys(value).every((name) => Object.hasOwn(changed, name));
}

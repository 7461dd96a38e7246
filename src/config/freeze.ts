// Makes a configuration unchangeable, all the way down.

/** Freezes plain records, lists and the values of maps in place. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of value instanceof Map ? value.values() : Object.values(value)) freeze(member);
  return value;
}

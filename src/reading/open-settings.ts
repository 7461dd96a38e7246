// From what the reading process found to settings: opened here, with the keys as this process sees them.
import { type ListedKeys, listKeys } from "./list-keys.ts";
import { openConfig, type PlainReading } from "./plain-settings.ts";

/** A step for each key. */
export function* openSettings({ plain, problems }: PlainReading, cwd: string): Generator<void, ListedKeys> {
  if (plain === undefined) return { problems };
  const opened = openConfig(plain);
  return yield* listKeys(opened, problems, { cwd, locate: opened.locate });
}

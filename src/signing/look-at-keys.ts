// What each key file looks like while keys are listed, to the user this process acts as: there, readable, safe from
// others. The first few thousand are read too, so that a damaged one is reported now and not with the first mail.

import { LRUCache } from "lru-cache";
import { systemError } from "../mail/error-text.ts";
import type { KeyFacts, KeyFiles } from "./key-settings.ts";
import type { KeyStore } from "./key-store.ts";
import type { PrivateKey } from "./private-key.ts";
import type { KeyPlace } from "./signing-key.ts";

export interface KeyLook {
  /** Why it cannot be had, as the end of a sentence. */
  readonly trouble?: string;
  /** Where it was read. */
  readonly key?: PrivateKey;
  /** What the file's mode lets others do. */
  readonly exposure?: Exposure;
}

/** What is wrong with a file's mode, in words. */
export interface Exposure {
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
}

/** Read while they are listed, which takes 0.1 ms each. */
export const readAtMost = 2000;

/** Files that keys share are few, so that these are found again; a file for each key never is. */
const sharedAtMost = 1000;

/** A file that several keys share is looked at once, and its mode reported once. */
export function createKeyLook(files: KeyFiles, store: KeyStore, most: number): (place: KeyPlace) => KeyLook {
  const seen = new LRUCache<string, KeyLook>({ max: sharedAtMost });
  let read = 0;

  function look(place: KeyPlace): KeyLook {
    const { source, text } = place;
    let exposure: Exposure | undefined;
    if (text === undefined) {
      try {
        exposure = exposureOf(source, files.lookAt(source));
      } catch (error) {
        return { trouble: systemError(error) };
      }
    }
    const told = exposure === undefined ? {} : { exposure };
    if (read >= most) return told;
    read += 1;
    return { ...store.open(place), ...told };
  }

  return (place) => {
    if (place.text !== undefined) return look(place);
    const known = seen.get(place.source);
    if (known !== undefined) return known;
    const { exposure, ...found } = look(place);
    seen.set(place.source, found);
    return exposure === undefined ? found : { ...found, exposure };
  };
}

function exposureOf(file: string, { mode, ownGroup }: KeyFacts): Exposure | undefined {
  if ((mode & 0o002) !== 0) {
    const message = `everybody on this machine can put another key into ${file}; chmod 0600 (or 0640)`;
    return { severity: "error", message };
  }
  if ((mode & 0o007) !== 0) {
    const message = `everybody on this machine can use the key ${file}; chmod 0600 (or 0640)`;
    return { severity: "warning", message };
  }
  if ((mode & (ownGroup ? 0o020 : 0o060)) !== 0) {
    const verb = (mode & 0o020) === 0 ? "read" : "change";
    const message = `the group of ${file} can ${verb} the key; right if that is the daemon's group alone`;
    return { severity: "note", message };
  }
  return undefined;
}

// What a reload changed: settings by name, keys by number.
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/config.ts";
import type { Keyring } from "../signing/keyring.ts";
import type { SigningKey } from "../signing/signing-key.ts";

export interface ReloadChanges {
  /** "forward_method", "policy_bank.ORIGINATING.originating". */
  readonly settings: readonly string[];
  readonly keysAdded: number;
  readonly keysRemoved: number;
}

/** What of a configuration is compared. */
export interface Compared {
  readonly config: Config;
  readonly keyring: Pick<Keyring, "keys">;
}

/** A step for each setting and each key. */
export function* reloadChanges(before: Compared, after: Compared): Generator<void, ReloadChanges> {
  const { base: oldBase, policy_bank: oldBanks, ...oldGlobal } = before.config;
  const { base, policy_bank: banks, ...global } = after.config;
  const settings: string[] = [];
  yield* differences({ ...oldGlobal, ...oldBase }, { ...global, ...base }, "", settings);
  for (const name of new Set([...oldBanks.keys(), ...banks.keys()])) {
    yield* differences(oldBanks.get(name) ?? {}, banks.get(name) ?? {}, `policy_bank.${name}.`, settings);
  }
  const left = new Set<string>();
  for (const key of before.keyring.keys) {
    left.add(identityOf(key));
    yield;
  }
  let keysAdded = 0;
  for (const key of after.keyring.keys) {
    if (!left.delete(identityOf(key))) keysAdded += 1;
    yield;
  }
  return { settings, keysAdded, keysRemoved: left.size };
}

function* differences(one: object, other: object, prefix: string, found: string[]): Generator<void> {
  const [before, after] = [
    new Map<string, unknown>(Object.entries(one)),
    new Map<string, unknown>(Object.entries(other)),
  ];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (!isDeepStrictEqual(before.get(name), after.get(name))) found.push(`${prefix}${name}`);
    yield;
  }
}

function identityOf({ domain, selector, source }: SigningKey): string {
  return `${domain}\0${selector}\0${source}`;
}

const maxNamed = 15;

/** "changed forward_method; 1 key added, 0 removed"; "nothing changed". */
export function changesText({ settings, keysAdded, keysRemoved }: ReloadChanges): string {
  const named = settings.slice(0, maxNamed).join(", ");
  const more = settings.length > maxNamed ? ` and ${settings.length - maxNamed} more` : "";
  const keys = keysAdded + keysRemoved === 0 ? "" : `keys: ${keysAdded} added, ${keysRemoved} removed`;
  const parts = [settings.length === 0 ? "" : `changed ${named}${more}`, keys].filter((part) => part !== "");
  return parts.length === 0 ? "nothing changed" : parts.join("; ");
}

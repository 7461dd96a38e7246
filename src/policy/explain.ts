// What each map of a bank yields for one mail, by which key of which line: for `check`, and for the Outcome when asked.
import type { Match, Origin } from "../lookup/table.ts";
import type { PolicyBank } from "./bank.ts";
import type { BannedRule } from "./banned-table.ts";
import { type CategorySetting, categoryEntry, categorySettingNames } from "./category-maps.ts";
import type { Contents } from "./decision.ts";
import { type AskedBy, allMapNames, askedBy, type MapName } from "./map-values.ts";

/** The addresses of one mail. */
export interface Addresses {
  readonly recipients: readonly string[];
  /** The envelope sender, "" for the null one. */
  readonly sender: string;
  readonly authors: readonly string[];
  /** What the mail is for each recipient; of those that are not there nothing was found. */
  readonly contents?: ReadonlyMap<string, readonly Contents[]>;
  /** Domains whose signature counts. */
  readonly signers: readonly string[];
}

export interface MapYield {
  readonly map: MapName | CategorySetting | "mynetworks_maps";
  readonly by: AskedBy | "client";
  /** What was looked up; for two-level maps "recipient < sender". */
  readonly address: string;
  readonly value: unknown;
  readonly key: string;
  readonly origin?: Origin;
}

/** Maps whose every match counts, not only the first. */
const cumulative: ReadonlySet<MapName> = new Set<MapName>([
  "dkim_signature_options_bysender_maps",
  "banned_filename_maps",
]);

/** Everything the maps yield, in the order of the maps; maps that yield nothing are left out. */
export function explainMaps(bank: PolicyBank, addresses: Addresses, client?: string): readonly MapYield[] {
  const senders = [...new Set([addresses.sender, ...addresses.authors])];
  const asked: Readonly<Record<AskedBy, readonly string[]>> = {
    recipient: addresses.recipients,
    sender: [addresses.sender],
    author: addresses.authors,
    signer: addresses.signers.map((domain) => `@${domain}`),
    virus: [],
  };
  const found: MapYield[] = [];
  if (client !== undefined) {
    const match = bank.mynetworks_maps.contains(client);
    if (match !== undefined) found.push(yielded("mynetworks_maps", "client", client, match));
  }
  for (const name of categorySettingNames) found.push(...byContents(bank, name, addresses));
  for (const name of allMapNames) {
    const by = askedBy(name);
    for (const address of asked[by]) {
      if (isTwoLevel(name)) found.push(...twoLevels(bank, name, address, senders));
      else found.push(...matches(bank, name, by, address, addresses.signers));
    }
  }
  return found;
}

const onlyClean: readonly Contents[] = [{ category: "CC_CLEAN", minor: 0 }];

/** Entries for what the mail is, each once: "ann@here.example, CC_BADH,7". */
function byContents(bank: PolicyBank, name: CategorySetting, { recipients, contents }: Addresses): readonly MapYield[] {
  const map = bank[name];
  if (map.size === 0) return [];
  return recipients.flatMap((recipient) => {
    const entries = new Map(
      (contents?.get(recipient) ?? onlyClean).flatMap((each) => {
        const found = categoryEntry<unknown>(map, each);
        return found === undefined ? [] : [[found.name, found.entry] as const];
      }),
    );
    return [...entries].flatMap(([category, entry]) => {
      const match = entry.first(recipient);
      return match === undefined ? [] : [yielded(name, "recipient", `${recipient}, ${category}`, match)];
    });
  });
}

type TwoLevelMap =
  | "score_sender_maps"
  | "per_recip_whitelist_sender_lookup_tables"
  | "per_recip_blacklist_sender_lookup_tables";

function isTwoLevel(name: MapName): name is TwoLevelMap {
  return name === "score_sender_maps" || name.startsWith("per_recip_");
}

function matches(
  bank: PolicyBank,
  name: Exclude<MapName, TwoLevelMap>,
  by: AskedBy,
  address: string,
  signers: readonly string[],
): readonly MapYield[] {
  const map = bank[name];
  const first = map.first(address);
  const list: readonly Match<unknown>[] = cumulative.has(name) ? map.all(address) : first === undefined ? [] : [first];
  const plain = list.map((match) => yielded(name, by, address, withRuleNames(match)));
  if (name !== "author_to_policy_bank_maps") return plain;
  // A plain key counts only with a signature of the author's own domain; the banks that were loaded show it.
  const signed = signers.flatMap((domain) => {
    const match = map.first(address, `/@${domain}`);
    return match === undefined ? [] : [yielded(name, by, `${address}/@${domain}`, match)];
  });
  return [...plain, ...signed];
}

/** The match with the names of rules in place of compiled tables of banned names. */
function withRuleNames(match: Match<unknown>): Match<unknown> {
  if (!isRules(match.value)) return match;
  const names = match.value.map(({ name = "(tables)" }) => name);
  return { ...match, value: names.length === 1 ? names[0] : names };
}

function isRules(value: unknown): value is readonly BannedRule[] {
  return Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null && "tables" in item);
}

function twoLevels(
  bank: PolicyBank,
  name: TwoLevelMap,
  recipient: string,
  senders: readonly string[],
): readonly MapYield[] {
  return bank[name].all(recipient).flatMap(({ value: tables }) =>
    tables.flatMap((table) => {
      for (const sender of senders) {
        const match = table.first(sender);
        if (match !== undefined) return [yielded(name, "recipient", `${recipient} < ${sender}`, match)];
      }
      return [];
    }),
  );
}

function yielded(
  map: MapYield["map"],
  by: MapYield["by"],
  address: string,
  { value, key, origin }: Match<unknown>,
): MapYield {
  return { map, by, address, value, key, ...(origin !== undefined && { origin }) };
}

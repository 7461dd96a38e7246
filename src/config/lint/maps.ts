// Lookup maps: tables that are never reached, names in capitals, signing domains that help nobody.

import { isRegexpTable } from "../../lookup/map.ts";
import type { RawTable } from "../../lookup/table.ts";
import { isMapping } from "../../lookup/value.ts";
import { readSignatureOptions } from "../../signing/signature-options.ts";
import type { Config } from "../config.ts";
import { everyBank } from "../references.ts";
import type { SettingPath } from "../source.ts";
import type { Say } from "./advice.ts";

/** All matches count there, so nothing shadows anything. */
const allMatches: ReadonlySet<string> = new Set([
  "dkim_signature_options_bysender_maps",
  "score_sender_maps",
  "banned_filename_maps",
]);

export function lintMaps(config: Config, isSet: (path: SettingPath) => boolean, say: Say): void {
  const caseCounts = everyBank(config).some(({ settings }) => settings.localpart_is_case_sensitive === true);
  for (const { path, settings } of everyBank(config)) {
    for (const [name, value] of Object.entries(settings)) {
      const at = [...path, name];
      if (!isMap(name, value) || !isSet(at)) continue;
      if (!allMatches.has(name)) lintShadows(value, at, say);
      for (const [index, table] of value.entries()) lintCapitals(table, [...at, index], caseCounts, say);
    }
    for (const [index, table] of (settings.dkim_signature_options_bysender_maps ?? []).entries()) {
      lintSigningDomains(config, table, [...path, "dkim_signature_options_bysender_maps", index], say);
    }
  }
}

function isMap(name: string, value: unknown): value is readonly RawTable[] {
  return /_(maps|lookup_tables)$/.test(name) && Array.isArray(value);
}

function lintShadows(tables: readonly RawTable[], path: SettingPath, say: Say): void {
  const last = tables.findIndex((table) => catchesAll(table));
  if (last === -1 || last === tables.length - 1) return;
  say("warning", [...path, last + 1], "never reached: the table before it has an answer for everybody");
}

/** Whether a table yields something for each address there is. */
function catchesAll(table: RawTable): boolean {
  if (table === null) return false;
  if (typeof table !== "object") return true;
  if (isAccessList(table)) return table.some((element) => /^!*\.$/.test(element));
  if (isRegexpTable(table))
    return table.regexp.some((rule) => /^(\^|\.\*|)$/.test(typeof rule === "string" ? rule : rule[0]));
  return isMapping(table) && table["."] !== undefined && table["."] !== null;
}

function isAccessList(table: RawTable): table is readonly string[] {
  return Array.isArray(table);
}

/** Names are found in lower case; an address in its own capitals comes before that (lookup/keys.ts). */
function lintCapitals(table: RawTable, path: SettingPath, caseCounts: boolean, say: Say): void {
  if (!isMapping(table) || isRegexpTable(table)) return;
  const names = new Set(Object.keys(table));
  for (const name of names) {
    const at = name.lastIndexOf("@") + 1;
    const domain = name.slice(at);
    const folded = (caseCounts ? name.slice(0, at) : name.slice(0, at).toLowerCase()) + domain.toLowerCase();
    if (name === folded) continue;
    const asWritten = at > 0 && domain !== "" && domain === domain.toLowerCase();
    if (!names.has(folded)) {
      const amavisd = asWritten
        ? "amavisd would find this one only for addresses in just these capitals"
        : "amavisd would not find this one";
      say("note", [...path, name], `names are looked up in lower case; ${amavisd}`, "name");
    } else if (asWritten) {
      say("note", [...path, name], `only for addresses in just these capitals; others find "${folded}"`, "name");
    } else {
      const reason = `names are looked up in lower case, and "${folded}" is there, too`;
      say("warning", [...path, name], `never used: ${reason}`, "name");
    }
  }
}

/** An i= without a d=: the signing domain is the author's then. */
function lintIdentity(author: string, identity: unknown, path: SettingPath, say: Say): void {
  const domain = author.slice(author.lastIndexOf("@") + 1).toLowerCase();
  if (typeof identity !== "string" || domain === "" || domain.startsWith(".")) return;
  if (isWithin(identity.slice(identity.lastIndexOf("@") + 1).toLowerCase(), domain)) return;
  const outside = `${identity} lies outside of ${domain}`;
  say("warning", path, `${outside}: no signature is made, unless another entry sets d= to a domain that has it`);
}

/** A d= that has nothing to do with the author's domain never makes DMARC pass; a d= without a key signs nothing. */
function lintSigningDomains(config: Config, table: RawTable, path: SettingPath, say: Say): void {
  if (!isMapping(table) || isRegexpTable(table)) return;
  const fromTables = config.dkim_keytable !== null || config.dkim_key_dir !== null;
  const patterns = config.dkim_keys.some(({ domain }) => typeof domain !== "string" || domain.includes("*"));
  for (const [author, value] of Object.entries(table)) {
    for (const fault of value === null ? [] : readSignatureOptions(value).faults) {
      say("warning", [...path, author], fault);
    }
    const sets: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [index, set] of sets.entries()) {
      const tag = isMapping(set) ? set["d"] : undefined;
      if (tag === undefined && isMapping(set))
        lintIdentity(author, set["i"], [...path, author, ...(Array.isArray(value) ? [index] : []), "i"], say);
      if (typeof tag !== "string" || tag === "" || tag === "*") continue;
      const at = [...path, author, ...(Array.isArray(value) ? [index] : []), "d"];
      const domain = tag.toLowerCase();
      const identity = isMapping(set) ? set["i"] : undefined;
      if (
        typeof identity === "string" &&
        !isWithin(identity.slice(identity.lastIndexOf("@") + 1).toLowerCase(), domain)
      ) {
        say(
          "warning",
          [...at.slice(0, -1), "i"],
          `${identity} lies outside of d=${domain}: such a signature is not made`,
        );
      }
      if (!fromTables && !patterns && !config.dkim_keys.some((key) => key.domain === domain)) {
        say("warning", at, `no key is declared for ${domain}: nothing is signed with it`);
      }
      const from = author
        .slice(author.lastIndexOf("@") + 1)
        .replace(/^\./, "")
        .toLowerCase();
      if (from !== "" && !canAlign(from, domain)) {
        say("warning", at, `${domain} never aligns with From addresses in ${from}: DMARC does not count the signature`);
      }
    }
  }
}

/** RFC 6376 section 3.5: the domain of i= is that of d= or below it. */
function isWithin(identity: string, domain: string): boolean {
  return identity === domain || identity.endsWith(`.${domain}`);
}

/**
 * Relaxed alignment asks for one organizational domain (RFC 9989 section 4.4.1). Where its border runs is the DNS's to
 * say; two names without two common labels at their ends are certainly on different sides.
 */
function canAlign(from: string, signing: string): boolean {
  if (from === signing || from.endsWith(`.${signing}`) || signing.endsWith(`.${from}`)) return true;
  const tail = (domain: string) => domain.split(".").slice(-2).join(".");
  return tail(from) === tail(signing);
}

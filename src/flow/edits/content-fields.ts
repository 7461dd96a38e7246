// What is put on top of mail that goes on and was looked into: that it was scanned, where a copy is, what is bad about it
// (amavis.md 1.10, items 3 to 6).

import { formatAge } from "../../mail/age.ts";
import { foldedField } from "../../mail/folded-field.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { Accepted } from "../../policy/decision.ts";
import type { JudgedMail } from "../mail.ts";
import { knownSpamFields, spamFields } from "./spam-fields.ts";

/** From top to bottom. `isDefanged`: the mail leaves as an attachment. `isLocal`: the recipient is one of ours; others see neither scores nor our quarantine. */
export function contentFields(
  { bank, facts, mailId }: Pick<JudgedMail, "bank" | "facts" | "mailId">,
  { content, quarantine, copiesId = mailId }: Pick<Accepted, "content" | "quarantine" | "copiesId">,
  recipient: string,
  isLocal: boolean,
  isDefanged = false,
): readonly string[] {
  const fields: string[] = [];
  if (isLocal && quarantine.length > 0 && mayAdd(bank, "x-quarantine-id")) {
    fields.push(`X-Quarantine-ID: <${copiesId}>\r\n`);
  }
  if (isDefanged && mayAdd(bank, "x-amavis-modified")) {
    const text = `Original mail wrapped as attachment (defanged) by ${bank.myhostname}`;
    fields.push(foldedField("X-Amavis-Modified", [text]));
  }
  const { virus } = facts.content;
  const wasScanned = virus !== undefined && !virus.failed;
  if (wasScanned && bank.bypass_virus_checks_maps.first(recipient)?.value !== true) fields.push(...scannedField(bank));
  if (content === undefined) {
    if (isLocal) fields.push(...clientFields(bank, facts.content.fingerprint, undefined));
    return fields;
  }
  if (mayAdd(bank, "x-amavis-alert")) {
    const { viruses, banned, headerFaults } = content;
    if (viruses.length > 0) fields.push(alert(`INFECTED, message contains virus: ${viruses.join(", ")}`));
    if (banned !== undefined) fields.push(alert(`BANNED, message contains ${banned.names[0] ?? ""}`));
    if (headerFaults[0] !== undefined) fields.push(alert(`BAD HEADER SECTION, ${headerFaults[0]}`));
  }
  if (isLocal) {
    fields.push(...(facts.content.spam?.cached === true ? knownSpamFields : spamFields)(bank, content));
    fields.push(...clientFields(bank, facts.content.fingerprint, content.score?.penPalAgeMs));
  }
  return fields;
}

/** What is known of who wrote the mail and of the client that brought it. */
function clientFields(
  bank: PolicyBank,
  fingerprint: string | undefined,
  penPalAgeMs: number | undefined,
): readonly string[] {
  return [
    ...(fingerprint === undefined || !mayAdd(bank, "x-amavis-os-fingerprint")
      ? []
      : [foldedField("X-Amavis-OS-Fingerprint", [fingerprint])]),
    ...(penPalAgeMs === undefined || !mayAdd(bank, "x-amavis-penpals")
      ? []
      : [foldedField("X-Amavis-PenPals", [`age ${formatAge(penPalAgeMs)}`])]),
  ];
}

/** X_HEADER_TAG and X_HEADER_LINE; the tag need not be listed among the fields that may be added. */
function scannedField(bank: PolicyBank): readonly string[] {
  const known = scannedFields.get(bank) ?? makeScannedField(bank);
  scannedFields.set(bank, known);
  return known;
}

/** It says nothing of the mail. */
const scannedFields = new WeakMap<PolicyBank, readonly string[]>();

function makeScannedField(bank: PolicyBank): readonly string[] {
  const { X_HEADER_TAG: name, X_HEADER_LINE: text, allowed_added_header_fields: allowed } = bank;
  if (!isFieldName(name) || text === null || text === "" || allowed[name.toLowerCase()] === false) return [];
  return [foldedField(name, [text])];
}

/** RFC 5322 section 3.6.8. */
export function isFieldName(name: string | null): name is string {
  return name !== null && /^[\x21-\x39\x3b-\x7e]{1,70}$/.test(name);
}

function mayAdd({ allowed_added_header_fields }: PolicyBank, name: string): boolean {
  return allowed_added_header_fields[name] === true;
}

function alert(text: string): string {
  return foldedField("X-Amavis-Alert", [text]);
}

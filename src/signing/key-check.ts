// Holds what the DNS publishes for a key against the key itself, and says in words what is wrong. Asking the DNS and
// printing are left to the caller.
import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { readKeyRecord } from "../dkim/key-record.ts";
import { parseColonList, parseTagList, removeBlanks, tagValue } from "../dkim/tag-list.ts";
import { jsonText } from "../mail/json-text.ts";
import type { Answer, TxtRecord } from "../rr/answer.ts";
import { forbidsSubdomains } from "./key-options.ts";
import type { ReadKey } from "./private-key.ts";
import { publicKeyData } from "./record-text.ts";
import type { SigningKey } from "./signing-key.ts";

/** What the check may find; each has its paragraph in docs/keys.md. */
export type KeyFault =
  | "private-key-unavailable"
  | "wildcard-domain"
  | "dns-trouble"
  | "no-record"
  | "dangling-alias"
  | "several-records"
  | "foreign-record"
  | "not-a-key-record"
  | "record-syntax"
  | "wrong-version"
  | "revoked"
  | "split-wrongly"
  | "cut-off"
  | "wrong-type"
  | "different-key"
  | "hash-not-allowed"
  | "service-not-allowed"
  | "weak"
  | "testing"
  | "historic-granularity"
  | "subdomains-forbidden";

export interface KeyFinding {
  readonly fault: KeyFault;
  /** An error keeps signatures from passing; a warning does not. */
  readonly severity: "error" | "warning";
  /** What is there and what should be, one sentence. */
  readonly text: string;
}

export interface KeyCheck {
  readonly result: "pass" | "fail" | "invalid";
  /** In amavisd's words where it has them: "public key: not available". */
  readonly reason?: string;
  readonly findings: readonly KeyFinding[];
  /** The target, where the name is an alias. */
  readonly alias?: string;
}

/** What was asked for a key. */
export interface KeyAnswers {
  readonly txt: Answer<"TXT">;
  readonly cname?: Answer<"CNAME">;
}

/** Judges one key by what the DNS says. `answers` is undefined where there was nothing to ask. */
export function checkKey(key: SigningKey, read: ReadKey, answers: KeyAnswers | undefined): KeyCheck {
  if ("trouble" in read) {
    return invalid(`private key: ${read.trouble}`, "private-key-unavailable", `${key.source}: ${read.trouble}`);
  }
  if (answers === undefined) {
    const text = `"${key.pattern?.text ?? key.domain}" has no place in the DNS; declare each domain by itself`;
    return invalid("public key: not available", "wildcard-domain", text);
  }
  const alias = answers.cname?.status === "found" ? answers.cname.records[0] : undefined;
  const check = judgeAnswer(key, read.key.object, answers.txt, alias);
  return alias === undefined ? check : { ...check, alias };
}

function judgeAnswer(key: SigningKey, privateKey: KeyObject, txt: Answer<"TXT">, alias: string | undefined): KeyCheck {
  if (txt.status === "trouble") {
    const what = txt.trouble === "timeout" ? "query timed out" : txt.trouble.toUpperCase();
    return invalid(`public key: DNS error: ${what}`, "dns-trouble", "the DNS gave no answer; ask again later");
  }
  if (txt.status !== "found") {
    if (alias !== undefined) {
      const text = `the name is an alias (CNAME) of ${alias}, which has no TXT record`;
      return invalid("public key: not available", "dangling-alias", text);
    }
    const text = txt.status === "nxdomain" ? "the name does not exist" : "the name has no TXT record";
    return invalid("public key: not available", "no-record", text);
  }
  if (isSpread(txt.records, publicKeyData(privateKey))) {
    const text = "one key is spread over several TXT records; it belongs into one record of several strings";
    return invalid("public key: several records", "split-wrongly", text);
  }
  const records = txt.records.filter(looksLikeKey);
  const [record] = records;
  if (record === undefined) {
    const text = `the TXT record there is no key: ${shown(txt.records[0])}`;
    return invalid("public key: not available", "not-a-key-record", text);
  }
  if (records.length > 1) {
    // RFC 6376 section 3.6.2.2: with several records the result is undefined.
    const text = `there are ${records.length} key records; verifiers take any of them or none. Leave only the right one`;
    return invalid("public key: several records", "several-records", text);
  }
  const check = judgeRecord(key, privateKey, record);
  const foreign = txt.records.find((each) => each !== record);
  if (foreign === undefined) return check;
  // A verifier that takes the first record it gets, in whatever order the DNS gives them, fails now and then.
  const text = `another TXT record stands at the same name, and some verifiers take that one now and then: ${shown(foreign)}`;
  return { ...check, findings: [...check.findings, warning("foreign-record", text)] };
}

/** Two records that hold the key together, and none that holds it alone. */
function isSpread(records: readonly TxtRecord[], wanted: string): boolean {
  if (records.length < 2 || records.length > 10) return false;
  const texts = records.map((record) => removeBlanks(record.join("")));
  if (texts.some((text) => text.includes(wanted))) return false;
  return texts.some((one, i) => texts.some((two, j) => i !== j && (one + two).includes(wanted)));
}

function judgeRecord(key: SigningKey, privateKey: KeyObject, record: TxtRecord): KeyCheck {
  const text = record.join("");
  const { tags, fault } = parseTagList(text);
  if (/["\\()]/.test(tagValue(tags, "p"))) {
    const sentence = `quotes or brackets of a zone file stand inside the record: ${shown(record)}`;
    return invalid("public key: invalid data", "split-wrongly", sentence);
  }
  if (tags.has("v") && tagValue(tags, "v") !== "DKIM1") {
    return invalid("public key: unsupported version", "wrong-version", `v=${tagValue(tags, "v")}, v=DKIM1 is needed`);
  }
  if (fault !== undefined || !tags.has("p")) {
    return invalid("public key: syntax error", "record-syntax", `the record is no tag list with p=: ${shown(record)}`);
  }
  const published = removeBlanks(tagValue(tags, "p"));
  if (published === "") return invalid("public key: revoked", "revoked", "p= is empty: the key was withdrawn");

  const type = privateKey.asymmetricKeyType === "ed25519" ? "ed25519" : "rsa";
  const publishedType = tags.has("k") ? tagValue(tags, "k") : "rsa";
  if (publishedType !== type) {
    const text = `the record says k=${publishedType}, but the private key is ${type}`;
    return invalid("public key: wrong type", "wrong-type", text);
  }
  const wanted = publicKeyData(privateKey);
  const [bare, bareWanted] = [published.replace(/=+$/, ""), wanted.replace(/=+$/, "")];
  if (bare !== bareWanted && bareWanted.startsWith(bare)) {
    const text = `p= ends after ${published.length} of ${wanted.length} characters: strings of a record hold 255 at most`;
    return invalid("public key: invalid data", "cut-off", text);
  }
  const read = readKeyRecord(record);
  if ("failure" in read) {
    const what = bare === bareWanted ? paddingText(published, wanted) : `p= is no ${type} public key (${read.failure})`;
    return invalid("public key: invalid data", "record-syntax", what);
  }
  if (!read.publicKey.equals(createPublicKey(privateKey))) {
    const sentence = `the DNS holds another key: ${fingerprint(read.publicKey)}, ${key.source} has ${fingerprint(createPublicKey(privateKey))}`;
    return { result: "fail", reason: "another key is published", findings: [error("different-key", sentence)] };
  }
  const findings = judgeTags(key, tags, read.bits, type);
  const stopper = findings.find(({ severity }) => severity === "error");
  return stopper === undefined ? { result: "pass", findings } : { result: "invalid", reason: stopper.text, findings };
}

function paddingText(published: string, wanted: string): string {
  const count = (text: string) => text.length - text.replace(/=+$/, "").length;
  return `p= is the key, but ends with ${count(published)} "=" where base64 has ${count(wanted)}`;
}

/** The right key is published; do its tags allow our signatures? */
function judgeTags(
  key: SigningKey,
  tags: ReturnType<typeof parseTagList>["tags"],
  bits: number,
  type: "rsa" | "ed25519",
): KeyFinding[] {
  const findings: KeyFinding[] = [];
  const list = (name: string) => parseColonList(tagValue(tags, name));
  if (tags.has("h") && !list("h").includes("sha256")) {
    findings.push(error("hash-not-allowed", `h=${tagValue(tags, "h")} does not allow sha256`));
  }
  if (tags.has("s") && !list("s").some((service) => service === "*" || service === "email")) {
    findings.push(error("service-not-allowed", `s=${tagValue(tags, "s")} does not allow email`));
  }
  const flags = list("t");
  if (flags.includes("y")) {
    findings.push(warning("testing", "t=y: the domain is testing DKIM, verifiers may treat its mail as unsigned"));
  }
  if (flags.includes("s") && !forbidsSubdomains(key.options)) {
    const text = "t=s: i= may not be in a subdomain; declare the key with t: s, so that none is put there";
    findings.push(warning("subdomains-forbidden", text));
  }
  if (tags.has("g") && tagValue(tags, "g") !== "*") {
    findings.push(warning("historic-granularity", `g=${tagValue(tags, "g")}: old verifiers take it for a restriction`));
  }
  if (type === "rsa" && bits < 2048) {
    findings.push(warning("weak", `the key has ${bits} bits; 2048 are advised (RFC 8301 section 3.2)`));
  }
  return findings;
}

/** SHA-256 of the SubjectPublicKeyInfo, base64, as ssh and TLS tools show fingerprints. */
export function fingerprint(publicKey: KeyObject): string {
  const der = publicKey.export({ type: "spki", format: "der" });
  return `SHA256:${createHash("sha256").update(der).digest("base64").replace(/=+$/, "")}`;
}

function looksLikeKey(record: TxtRecord): boolean {
  const text = record.join("");
  return /(?:^|[;\s"])(?:p\s*=|v\s*=\s*DKIM)/i.test(text) && !/^\s*v\s*=\s*(?:spf1|DMARC1)/i.test(text);
}

/** A record for a sentence: short and printable. */
function shown(record: TxtRecord | undefined): string {
  const text = (record ?? []).map((each) => jsonText(each)).join(" ");
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function invalid(reason: string, fault: KeyFault, text: string): KeyCheck {
  return { result: "invalid", reason: printable(reason), findings: [error(fault, text)] };
}

function error(fault: KeyFault, text: string): KeyFinding {
  return { fault, severity: "error", text: printable(text) };
}

function warning(fault: KeyFault, text: string): KeyFinding {
  return { fault, severity: "warning", text: printable(text) };
}

/** What the DNS says goes to a terminal: no escape sequences. */
function printable(text: string): string {
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "?");
}

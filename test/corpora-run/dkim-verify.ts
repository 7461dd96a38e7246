// Runs dkim-verify: every signature of every message against what the corpus expects of it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultVerifyPolicy, type Verification, type VerifyPolicy } from "../../src/dkim/engine.ts";
import { readSignatureFields } from "../../src/dkim/signature-fields.ts";
import { verifyMessage } from "../../src/dkim/verify.ts";
import { splitHeader } from "../../src/mail/header.ts";
import type { Answer } from "../../src/rr/answer.ts";
import { answerTxt, type DnsData, readJson, splitMessage } from "./corpora.ts";

interface ExpectedSignature {
  readonly kind: string;
  readonly domain: string | null;
  readonly selector: string | null;
  readonly result: string;
  readonly accept: readonly string[];
  readonly rfc8301?: string;
}

interface Expected {
  readonly default_now: number;
  readonly cases: Readonly<
    Record<string, { readonly now?: number; readonly dns?: DnsData; readonly signatures: readonly ExpectedSignature[] }>
  >;
}

export interface SignatureRow {
  readonly source: string;
  readonly name: string;
  readonly place: number;
  readonly expected: ExpectedSignature;
  readonly got: Verification | undefined;
  /** The expected word, once RFC 8301 is applied where the corpus says so. */
  readonly wanted: string;
  readonly equal: boolean;
  readonly accepted: boolean;
  readonly falsePass: boolean;
}

/**
 * "rfc8301": as the filter judges by default. "rfc6376": as the corpus' `result` has it, with the settings that let
 * through what it lets through.
 */
export type View = "rfc8301" | "rfc6376";

const lenient: VerifyPolicy = {
  ...defaultVerifyPolicy,
  // dkim_rsa_sha1, dkim_minimum_key_bits, dkim_max_keys, dkim_clock_drift: whoever wants these results can have them.
  rsaSha1: "accept",
  minimumKeyBits: 512,
  maxKeys: 10,
  driftSeconds: 86_400,
  // No setting does this: what l= leaves out, anybody may have added.
  partialBody: "accept",
};

export function runDkimVerify(corpora: string, view: View): SignatureRow[] {
  const folder = join(corpora, "dkim-verify");
  const sources = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return sources.flatMap(({ name: source }) => {
    const expected = readJson<Expected>(folder, source, "expected.json");
    const dns = readJson<DnsData>(folder, source, "dns.json");
    return Object.entries(expected.cases).flatMap(([name, { now, dns: replaced, signatures }]) => {
      const octets = readFileSync(join(folder, source, `${name}.eml`));
      const results = verifyOctets(octets, { ...dns, ...replaced }, now ?? expected.default_now, view);
      const rows = Math.max(signatures.length, results.length);
      return Array.from({ length: rows }, (_, place) =>
        compare(source, name, place, signatures[place], results[place], view),
      );
    });
  });
}

/** Verifies a message as the filter does: fields read first, their keys asked for, then all judged. */
export function verifyOctets(octets: Buffer, dns: DnsData, now: number, view: View = "rfc8301"): Verification[] {
  const { header, body } = splitMessage(octets);
  const policy = view === "rfc8301" ? defaultVerifyPolicy : lenient;
  const keys = new Map<string, Answer<"TXT">>();
  for (const { keyName } of readSignatureFields(splitHeader(header).fields, policy)) {
    if (keyName !== undefined) keys.set(keyName, answerTxt(dns, keyName));
  }
  return verifyMessage({ header, body: { chunks: [body] }, keys: [...keys], now, policy });
}

function compare(
  source: string,
  name: string,
  place: number,
  expected: ExpectedSignature = { kind: "", domain: "", selector: "", result: "not listed", accept: [] },
  got: Verification | undefined,
  view: View,
): SignatureRow {
  const wanted = (view === "rfc8301" ? expected.rfc8301 : undefined) ?? expected.result;
  const word = got?.result ?? "not listed";
  // RFC 8301 says "not valid", the corpus writes permerror, RFC 8601 has "policy" for what is refused by rule.
  const refusedByRule = view === "rfc8301" && expected.rfc8301 !== undefined && word === "policy";
  return {
    source,
    name,
    place,
    expected,
    got,
    wanted,
    equal: word === wanted || refusedByRule,
    accepted: expected.accept.includes(word),
    falsePass:
      word === "pass" && (!expected.accept.includes("pass") || (view === "rfc8301" && expected.rfc8301 !== undefined)),
  };
}

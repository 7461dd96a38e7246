// Runs the ARC suites: chains to be verified, whole messages, and mails to be sealed.
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sealMessage } from "../../src/arc/seal.ts";
import { parseTagList, removeBlanks } from "../../src/dkim/tag-list.ts";
import { createFixedResolver, parseFixedZone } from "../../src/dns/fixed-zone.ts";
import { fieldBody, splitHeader } from "../../src/mail/header.ts";
import { verifyArc } from "../../workers/mailauth-arc.ts";
import { readJson, splitMessage } from "./corpora.ts";
import { type Difference, judgeAll, mailOctets, readYaml, type SuiteResult } from "./suite.ts";

interface ValidationCase {
  readonly message: string;
  readonly cv: string | null;
}
interface SigningCase {
  readonly message: string;
  readonly t: number;
  readonly "sig-headers": string;
  readonly AS: string | null;
  readonly AMS: string | null;
  readonly AAR: string | null;
}
interface Scenario<Case> {
  readonly tests: Readonly<Record<string, Case>>;
  readonly "txt-records": Readonly<Record<string, string>>;
  readonly domain: string;
  readonly sel: string;
  readonly privatekey: string;
}

/** Where a suite wants what RFC 8617 does not. */
const argued: Readonly<Record<string, string>> = {
  "valimail-validation.yml/ams_fields_h_empty": "arc-differences",
  "mail-dkim-validation.yml/ams_fields_h_empty": "arc-differences",
  "mail-dkim-validation.yml/ams_fields_c_na": "arc-differences",
  "mail-dkim-validation.yml/ams_fields_a_sha1": "arc-differences",
  "mail-dkim-validation.yml/as_fields_a_sha1": "arc-differences",
};

export async function runArc(corpora: string): Promise<readonly SuiteResult[]> {
  const folder = join(corpora, "arc");
  return [
    await runValidation(folder, "valimail-validation.yml"),
    await runValidation(folder, "mail-dkim-validation.yml"),
    await runMessages(join(folder, "eml")),
    await runSigning(folder, "valimail-sign.yml"),
    await runSigning(folder, "mailauth-sign.yml"),
  ];
}

function casesOf<Case>(folder: string, file: string) {
  return readYaml<Scenario<Case>>(join(folder, file)).flatMap((scenario) => {
    const zone = Object.entries(scenario["txt-records"] ?? {}).map(([name, text]) => [
      name,
      { TXT: [[text.replace(/\s*\n\s*/g, "")]] },
    ]);
    const resolve = createFixedResolver(parseFixedZone(Object.fromEntries(zone)));
    return Object.entries(scenario.tests ?? {}).map(([name, test]) => [name, { test, scenario, resolve }] as const);
  });
}

async function runValidation(folder: string, file: string): Promise<SuiteResult> {
  return judgeAll(`arc/${file}`, casesOf<ValidationCase>(folder, file), async (name, { test, resolve }) => {
    const { header, body } = splitMessage(mailOctets(test.message));
    const report = await verifyArc(
      { header, body: { chunks: [body] }, now: 1_500_000_000, minimumKeyBits: 1024, driftSeconds: 300 },
      resolve,
    );
    // No cv at all: the message ends with a chain that says of itself that it failed (RFC 8617 section 5.2 step 2).
    const wanted = (test.cv ?? "").toLowerCase() || "fail";
    if (report.result === wanted) return undefined;
    return difference(`${file}/${name}`, wanted, `${report.result} ${report.reason ?? ""}`);
  });
}

function difference(name: string, wanted: string, got: string): Difference {
  const reason = argued[name];
  return { name, wanted, got, ...(reason === undefined ? {} : { argued: reason }) };
}

/** Messages for which the suite names no time. */
const signedAt: Readonly<Record<string, number>> = { "kumomta-1": 1_761_817_375, "kumomta-2": 1_761_818_286 };

async function runMessages(folder: string): Promise<SuiteResult> {
  const resolve = createFixedResolver(parseFixedZone(readJson(join(folder, "dns.json"))));
  const expected = readJson<Record<string, { cv: string; now?: number; accept?: string[] }>>(
    join(folder, "expected.json"),
  );
  const files = readdirSync(folder).filter((file) => file.endsWith(".eml"));
  return judgeAll(
    "arc/eml",
    files.map((file) => [file.replace(/\.eml$/, ""), file] as const),
    async (name, file) => {
      const { cv = "none", now = signedAt[name] ?? 1_500_000_000, accept = [cv] } = expected[name] ?? {};
      const { header, body } = splitMessage(readFileSync(join(folder, file)));
      const report = await verifyArc(
        { header, body: { chunks: [body] }, now, minimumKeyBits: 1024, driftSeconds: 300 },
        resolve,
      );
      if (accept.includes(report.result)) return undefined;
      return difference(`eml/${name}`, accept.join("|"), `${report.result} ${report.reason ?? ""}`);
    },
  );
}

/**
 * A set of ours is right when its tags are those of the suite and when the chain with it verifies. b= of the message
 * signature is among them; that of the seal is not, because it covers the folding of the message signature's own b=,
 * where the suite's fields were sealed as one line each. What ARC-Authentication-Results says is given: ours is made
 * from findings, not from fields in the mail.
 */
async function runSigning(folder: string, file: string): Promise<SuiteResult> {
  return judgeAll(`arc/${file}`, casesOf<SigningCase>(folder, file), async (name, { test, scenario, resolve }) => {
    const { header, body } = splitMessage(mailOctets(test.message));
    const before = await verifyArc(
      { header, body: { chunks: [body] }, now: test.t, minimumKeyBits: 1024, driftSeconds: 300 },
      resolve,
    );
    const sealed = sealMessage({
      header,
      body: { chunks: [body] },
      chain: before.result === "none" || before.result === "pass" ? before.result : "fail",
      authenticationResults: (test.AAR ?? "i=1; lists.example.org; none")
        .replace(/^\s*i=\d+;\s*/, "")
        .trim()
        .replace(/\s*\n\s*/g, "\r\n "),
      signedFields: test["sig-headers"].split(":"),
      domain: scenario.domain,
      selector: scenario.sel,
      privateKey: createPrivateKey(scenario.privatekey),
      signedAt: test.t,
    });
    const wants = (test.AS ?? "").trim() !== "";
    if (sealed.result === "refused") return wants ? difference(`${file}/${name}`, "a set", sealed.reason) : undefined;
    if (!wants) return difference(`${file}/${name}`, "no set", "a set");
    const [seal = "", signature = ""] = sealed.fields.map((field) => fieldBody(Buffer.from(field, "latin1")));
    const got = `${tags(seal, ["b"])} | ${tags(signature)}`;
    const expected = `${tags(test.AS ?? "", ["b"])} | ${tags(test.AMS ?? "")}`;
    if (got !== expected) return difference(`${file}/${name}`, expected, got);
    const whole = Buffer.concat([Buffer.from(sealed.fields.join(""), "latin1"), header]);
    const after = await verifyArc(
      { header: whole, body: { chunks: [body] }, now: test.t, minimumKeyBits: 1024, driftSeconds: 300 },
      resolve,
    );
    const wanted = seal.includes("cv=fail") ? "fail" : "pass";
    if (after.result === wanted && splitHeader(whole).cut === undefined) return undefined;
    return difference(`${file}/${name}`, wanted, `${after.result} ${after.reason ?? ""}`);
  });
}

function tags(text: string, without: readonly string[] = []): string {
  return [...parseTagList(text.replace(/\n/g, "\r\n")).tags]
    .filter(([tag]) => !without.includes(tag))
    .map(([tag, { value }]) => `${tag}=${removeBlanks(value)}`)
    .sort()
    .join("; ");
}

// Runs spoofing, mime-malformed and dkim2: mail made to fool a verifier, mail that is hardly mail, and signature
// fields of another protocol.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultVerifyPolicy, type SignRequest } from "../../src/dkim/engine.ts";
import { signMessage } from "../../src/dkim/sign.ts";
import { listSignedFields } from "../../src/dkim/signed-fields.ts";
import { verifyMessage } from "../../src/dkim/verify.ts";
import { splitHeader } from "../../src/mail/header.ts";
import type { DnsData } from "./corpora.ts";
import { readJson, splitMessage } from "./corpora.ts";
import { verifyOctets } from "./dkim-verify.ts";
import { keyAnswers, signedAt, signRequests } from "./sign-requests.ts";

export interface AttackRow {
  readonly name: string;
  /** What went wrong; undefined = as it should be. */
  readonly fault: string | undefined;
}

/** No message of spoofing may come out as signed by the domain it pretends to be from. */
export function runSpoofing(corpora: string): AttackRow[] {
  const folder = join(corpora, "spoofing");
  const dns = readJson<DnsData>(folder, "dns.json");
  return messages(folder).map((name) => {
    const results = verifyOctets(readFileSync(join(folder, name)), dns, signedAt);
    const fooled = results.filter(({ result, domain }) => result === "pass" && domain === "legitimate.com");
    return { name, fault: fooled.length > 0 ? "passes for legitimate.com" : undefined };
  });
}

/** What the corpus says verifies when signed must do so with all canonicalizations; the rest must only not throw. */
export function runMimeMalformed(corpora: string): AttackRow[] {
  const folder = join(corpora, "mime-malformed");
  const { files } = readJson<{ files: Readonly<Record<string, string>> }>(folder, "expected.json");
  return messages(folder).map((name) => {
    const results = signAndVerify(readFileSync(join(folder, name)), signRequests());
    const failed = results.filter((result) => result !== "pass");
    return { name, fault: files[name] === "round-trip" && failed.length > 0 ? failed.join(" ") : undefined };
  });
}

/** DKIM2's fields are neither judged nor signed, and do not disturb what is. */
export function runDkim2(corpora: string): AttackRow[] {
  const folder = join(corpora, "dkim2");
  return messages(folder).map((name) => {
    const octets = readFileSync(join(folder, name));
    const { fields } = splitHeader(splitMessage(octets).header);
    const own = fields.filter((field) => field.name === "dkim-signature").length;
    const judged = verifyOctets(octets, {}, signedAt).length;
    const [request] = signRequests();
    const signed = listSignedFields(fields, request?.signedFields ?? {}).filter((field) => field.includes("dkim2"));
    const isRight = judged === own && signed.length === 0;
    return { name, fault: isRight ? undefined : `${judged} judged of ${own}, signed ${signed.join(" ")}` };
  });
}

function signAndVerify(octets: Buffer, requests: readonly SignRequest[]): string[] {
  const { header, body } = splitMessage(octets);
  const signatures = signMessage({ header, body: { chunks: [body] }, requests });
  return verifyMessage({
    header: Buffer.concat([Buffer.from(signatures.join("")), header]),
    body: { chunks: [body] },
    keys: keyAnswers(),
    now: signedAt,
    policy: defaultVerifyPolicy,
  })
    .slice(0, requests.length)
    .map(({ result, reason }) => reason ?? result);
}

function messages(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".eml"))
    .sort();
}

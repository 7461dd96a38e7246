// A mail for tests of decisions, with as little said as possible.
import type { Verification } from "../../../src/dkim/engine.ts";
import type { ContentFacts } from "../../../src/mail/content.ts";
import type { PolicyBank } from "../../../src/policy/bank.ts";
import { createContentsOf } from "../../../src/policy/contents.ts";
import { decide } from "../../../src/policy/decide.ts";
import type { Decision } from "../../../src/policy/decision.ts";
import type { Rule } from "../../../src/policy/objection.ts";
import { setUp } from "./setup.ts";

export interface TestMail {
  readonly bank?: PolicyBank;
  readonly content?: ContentFacts;
  readonly rules?: readonly Rule[];
  readonly sender?: string;
  readonly authors?: readonly string[];
  readonly sizeBytes?: number;
  readonly isSmtpUtf8?: boolean;
  readonly isBulk?: boolean;
  readonly isVouchedFor?: boolean;
  readonly verifications?: readonly Verification[];
  readonly verifiedDomains?: readonly string[];
}

export function contentsOf({
  bank = setUp({}).base,
  content = {},
  sender = "joe@there.example",
  authors = [],
  sizeBytes = 1000,
  isSmtpUtf8 = false,
  verifications = [],
  verifiedDomains = [],
}: TestMail) {
  return createContentsOf({
    bank,
    content,
    verifications,
    sizeBytes,
    receivedAtMs: 1_700_000_000_000,
    isSmtpUtf8,
    leastSizeLimit: 0,
    senders: () => [sender, ...authors],
    verifiedDomains: () => new Set(verifiedDomains),
  });
}

export function decideWith(mail: TestMail, recipients: readonly string[] = ["ann@here.example"]): readonly Decision[] {
  const { bank = setUp({}).base, sender = "joe@there.example", verifications = [] } = mail;
  return decide(
    {
      bank,
      sender,
      verifications,
      rules: mail.rules ?? [],
      id: "123-01",
      contentsOf: contentsOf({ ...mail, bank }),
      against: () => [
        ...(mail.isBulk === true ? (["bulk"] as const) : []),
        ...(mail.isVouchedFor === false ? (["unverified-sender"] as const) : []),
      ],
    },
    recipients,
  );
}

export const virus: ContentFacts = { virus: { names: ["Eicar"], answers: [], failed: false, cached: false } };
export const noScanner: ContentFacts = { virus: { names: [], answers: [], failed: true, cached: false } };
export const noDate: ContentFacts = {
  headerFaults: [{ test: "missing", text: 'Missing required header field: "Date"' }],
};
export const program: ContentFacts = {
  parts: {
    parts: [{ path: "1", parent: -1, names: ["evil.exe"], types: ["exe"], sizeBytes: 1, encrypted: false }],
    unchecked: [],
  },
};
export const encrypted: ContentFacts = {
  parts: {
    parts: [{ path: "1", parent: -1, names: ["a.zip"], types: ["zip"], sizeBytes: 1, encrypted: true }],
    unchecked: [{ reason: "encrypted", path: "1", detail: "a.zip" }],
  },
};
export const scored = (score: number): ContentFacts => ({
  spam: { score, tests: [{ name: "GTUBE", score }], scanner: "SpamAssassin", cached: false },
});

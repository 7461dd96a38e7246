// What is begun when a header comes in and ended when the body is: the bank, DKIM keys, and every check that can start
// before the body is there.

import type { Finding } from "../../authres/finding.ts";
import { type Check, digestsForChecks, runChecks } from "../../checks/check.ts";
import { dkimFindings } from "../../checks/dkim-findings.ts";
import type { Verification } from "../../dkim/engine.ts";
import type { BodyDigestSpec, BodySource } from "../../mail/digest.ts";
import type { MessageHead } from "../../mail/message.ts";
import type { Envelope, Session, Transaction } from "../../mail/transaction.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { Resolve } from "../../rr/answer.ts";
import type { Checked } from "../pipeline.ts";
import { bodySource, type DigestBody } from "./body-source.ts";
import type { DkimVerifier } from "./verify-dkim.ts";

export interface Arrival {
  readonly bank: PolicyBank;
  /** Body digests that the checks will need. */
  readonly digests: readonly BodyDigestSpec[];
  /** The body is in. Rejects when the DKIM engine cannot do its work (451). */
  finish(transaction: Transaction): Promise<Checked>;
}

export interface ArrivalNeeds {
  readonly verifier: DkimVerifier;
  readonly checks: readonly Check[];
  readonly digestBody: DigestBody;
  /** The DNS for one mail. */
  resolveForMail(): Resolve;
  /** Epoch, milliseconds. */
  now(): number;
}

const none: readonly Verification[] = [];
const noSignatures = Promise.resolve(none);
const headerTooLarge: Finding = { method: "dkim", result: "policy", reason: "header-too-large", properties: [] };

export function createArrivals({ verifier, checks, digestBody, resolveForMail, now }: ArrivalNeeds) {
  return function begin(bank: PolicyBank, session: Session, envelope: Envelope, head: MessageHead): Arrival {
    const resolve = resolveForMail();
    const pending = verifier.begin(head, bank, resolve);
    const wanted = checks.some((check) => check.isWanted(bank));
    const checkDigests = wanted ? digestsForChecks(checks, head, bank) : [];
    const digests = [...(pending?.digests ?? []), ...checkDigests];
    const early = wanted ? startChecks(bank, session, envelope, head, resolve) : undefined;
    return {
      bank,
      digests,
      async finish(transaction) {
        const { body } = transaction.message;
        const source = { body, digests: transaction.digests };
        const now = Math.floor(transaction.receivedAtMs / 1000);
        const judging = pending === undefined ? noSignatures : verifier.finish(pending, head, source, now);
        if (early === undefined) {
          const verifications = pending === undefined ? none : await judging;
          return { verifications, findings: ownFindings(bank, head, verifications) };
        }
        early.bodyIsIn(judging, async () => bodySource(source, checkDigests, digestBody));
        const [verifications, others] = await Promise.all([judging, early.findings]);
        return { verifications, findings: [...ownFindings(bank, head, verifications), ...others] };
      },
    };
  };

  /** SPF and the like ask the DNS while the body arrives; what looks at body or signatures waits for them. */
  function startChecks(bank: PolicyBank, session: Session, envelope: Envelope, head: MessageHead, resolve: Resolve) {
    const verifications = Promise.withResolvers<readonly Verification[]>();
    const body = Promise.withResolvers<BodySource>();
    // A mail that never comes to its end leaves both open; one that fails must not end the process.
    verifications.promise.catch(() => {});
    body.promise.catch(() => {});
    const findings = runChecks(checks, {
      client: session.client,
      sender: envelope.sender.address,
      head,
      bank,
      resolve,
      now: Math.floor(now() / 1000),
      verifications: verifications.promise,
      body: body.promise,
    });
    findings.catch(() => {});
    return {
      findings,
      bodyIsIn(judged: Promise<readonly Verification[]>, source: () => Promise<BodySource>): void {
        verifications.resolve(judged);
        body.resolve(source());
      },
    };
  }
}

function ownFindings(bank: PolicyBank, head: MessageHead, judged: readonly Verification[]): readonly Finding[] {
  if (!bank.enable_dkim_verification) return [];
  return head.excess === undefined ? dkimFindings(judged) : [headerTooLarge];
}

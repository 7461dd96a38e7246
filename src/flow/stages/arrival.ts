// What is begun when a header comes in and ended when the body is: DKIM keys are asked for, every check that can start
// before the body is there does, and who signs is chosen where a large body needs to know.
import { sealDigestSpec } from "../../arc/fields.ts";
import type { Finding } from "../../authres/finding.ts";
import { type Check, type Facts, runChecks, wantedChecks } from "../../checks/check.ts";
import { dkimFindings } from "../../checks/dkim-findings.ts";
import type { Verification } from "../../dkim/engine.ts";
import { type BodyDigestSpec, type BodySource, isSameSpec } from "../../mail/digest.ts";
import { isUnread } from "../../mail/header.ts";
import type { MessageHead } from "../../mail/message.ts";
import type { Envelope, Session, Transaction } from "../../mail/transaction.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { Resolve } from "../../rr/answer.ts";
import type { Signer, SignerChoice } from "../../signing/choose.ts";
import { signingDigests } from "../../signing/plan.ts";
import type { Arrival } from "../mail.ts";
import { bodySource, type DigestBody } from "./body-source.ts";
import type { DkimVerifier } from "./verify-dkim.ts";

export interface ArrivalNeeds {
  readonly verifier: DkimVerifier;
  readonly checks: readonly Check[];
  readonly signer: Pick<Signer, "choose">;
  readonly digestBody: DigestBody;
  /** The DNS for one mail. */
  resolveForMail(): Resolve;
  /** Epoch, milliseconds. */
  now(): number;
}

const none: readonly Verification[] = [];
const noSignatures = Promise.resolve(none);
const headerTooLarge: Finding = { method: "dkim", result: "policy", reason: "header-too-large", properties: [] };

export function createArrivals({ verifier, checks, signer, digestBody, resolveForMail, now }: ArrivalNeeds) {
  return function arrive(bank: PolicyBank, session: Session, envelope: Envelope, head: MessageHead): Arrival {
    const resolve = resolveForMail();
    const pending = verifier.begin(head, bank, resolve);
    const wanted = wantedChecks(checks, bank, envelope.recipients);
    const early = wanted.length === 0 ? undefined : startChecks(wanted, bank, session, envelope, head, resolve);
    let chosen: { readonly bank: PolicyBank; readonly choice: SignerChoice } | undefined;

    function signerUnder(under: PolicyBank): SignerChoice {
      if (chosen?.bank !== under) {
        chosen = { bank: under, choice: signer.choose({ head, mailFrom: envelope.sender.address, bank: under }) };
      }
      return chosen.choice;
    }

    return {
      bank,
      signerUnder,
      digestSpecs() {
        const signing = signingDigests(signerUnder(bank));
        const seal = bank.arc_seal ? [sealDigestSpec] : [];
        return distinct([...(pending?.digests ?? []), ...(early?.digests ?? []), ...signing, ...seal]);
      },
      async judge(transaction) {
        const { message, digests, receivedAtMs } = transaction;
        const source = { body: message.body, digests };
        const judging =
          pending === undefined
            ? noSignatures
            : verifier.finish(pending, head, source, Math.floor(receivedAtMs / 1000));
        if (early === undefined) {
          const verifications = pending === undefined ? none : await judging;
          return { verifications, findings: ownFindings(bank, head, verifications), content: {} };
        }
        early.messageIsIn(judging, transaction);
        const [verifications, others] = await Promise.all([judging, early.facts]);
        const findings = [...ownFindings(bank, head, verifications), ...others.findings];
        return { verifications, findings, content: {} };
      },
    };
  };

  /** SPF and the like ask the DNS while the body arrives; what looks at message or signatures waits for them. */
  function startChecks(
    wanted: readonly Check[],
    bank: PolicyBank,
    { client }: Session,
    { sender, recipients }: Envelope,
    head: MessageHead,
    resolve: Resolve,
  ) {
    const specs = wanted.flatMap((check) => check.digests?.(head) ?? []);
    const verifications = Promise.withResolvers<readonly Verification[]>();
    const arrived = Promise.withResolvers<Transaction>();
    // A mail that never comes to its end leaves both open; one that fails must not end the process.
    verifications.promise.catch(() => {});
    let body: Promise<BodySource> | undefined;
    const facts = runChecks(wanted, {
      client,
      sender: sender.address,
      recipients,
      head,
      bank,
      resolve,
      now: Math.floor(now() / 1000),
      verifications: verifications.promise,
      message: () => arrived.promise.then(({ message }) => message),
      body: () => {
        body ??= arrived.promise.then(({ message, digests }) =>
          bodySource({ body: message.body, digests }, specs, digestBody),
        );
        return body;
      },
    });
    facts.catch(() => {});
    return {
      facts,
      digests: specs,
      messageIsIn(judging: Promise<readonly Verification[]>, transaction: Transaction): void {
        verifications.resolve(judging);
        arrived.resolve(transaction);
      },
    };
  }
}

function ownFindings(bank: PolicyBank, head: MessageHead, judged: readonly Verification[]): Facts["findings"] {
  if (!bank.enable_dkim_verification) return [];
  return isUnread(head.cut) ? [headerTooLarge] : dkimFindings(judged);
}

function distinct(specs: readonly BodyDigestSpec[]): readonly BodyDigestSpec[] {
  return specs.filter((spec, index) => specs.findIndex((other) => isSameSpec(spec, other)) === index);
}

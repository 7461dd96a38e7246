// Signs each leaving message with what was chosen for the mail: the last edit before it goes out.
import type { Facts } from "../../checks/check.ts";
import type { DkimEngine, SignRequest } from "../../dkim/engine.ts";
import { digestSpecOf } from "../../dkim/sign.ts";
import type { BodySource } from "../../mail/digest.ts";
import { changesBody, type HeaderEdits, print, withFields } from "../../mail/edit.ts";
import type { MessageOctets } from "../../mail/message.ts";
import type { Transaction } from "../../mail/transaction.ts";
import { signingLogLines } from "../../signing/log-text.ts";
import { planSigning, type SigningPlan } from "../../signing/plan.ts";
import type { JudgedMail, Leaving, Signed } from "../mail.ts";
import { bodySource, type DigestBody } from "./body-source.ts";
import type { Survive, Surviving } from "./survive.ts";

export interface SigningNeeds {
  readonly engine: Pick<DkimEngine, "sign">;
  readonly digestBody: DigestBody;
}

/** Carries out a plan; `lines` asks for the lines of log level 2. */
export type SignAsPlanned = (
  plan: SigningPlan,
  mail: Pick<Transaction, "message" | "digests">,
  leaving: readonly Leaving[],
  lines: boolean,
) => Signed | Promise<Signed>;

/** @param survive the last edit before a signature: what would break it further on is taken out */
export function createSignStage(signAsPlanned: SignAsPlanned, survive: Survive) {
  return function sign(mail: JudgedMail, leaving: readonly Leaving[]): Signed | Promise<Signed> {
    if (leaving.length === 0) return { leaving, signings: [] };
    const { transaction, bank, facts, arrival } = mail;
    // What somebody released is still not ours, though it may come from our own machine by now: it was held back for a reason.
    const under = facts.content.released === undefined ? bank : { ...bank, originating: false };
    const plan = planSigning(arrival.signerUnder(under), {
      validSignatures: validSignatures(facts),
      receivedAtMs: transaction.receivedAtMs,
    });
    const ready = survive(mail, leaving, "sign" in plan);
    return ready instanceof Promise ? ready.then((made) => signReady(mail, plan, made)) : signReady(mail, plan, ready);
  };

  function signReady(
    { transaction, bank }: JudgedMail,
    plan: SigningPlan,
    { leaving, survival }: Surviving,
  ): Signed | Promise<Signed> {
    const signed = signAsPlanned(plan, transaction, leaving, bank.log_level >= 2);
    if (survival === undefined) return signed;
    return Promise.resolve(signed).then((made) => ({ ...made, survival }));
  }
}

/** Signatures that the mail came with and that hold. */
export function validSignatures({ verifications }: Facts): Facts["verifications"] {
  return verifications.filter(({ kind, result }) => kind === "dkim" && result === "pass");
}

export function createSigning({ engine, digestBody }: SigningNeeds): SignAsPlanned {
  return function signAsPlanned(plan, mail, leaving, withLines) {
    const lines = withLines ? { lines: signingLogLines(plan) } : undefined;
    if ("sign" in plan) return makeSignatures(plan, mail, leaving, lines);
    return lines === undefined ? skipped(plan, leaving) : { ...skipped(plan, leaving), ...lines };
  };

  async function makeSignatures(
    { sign, candidates }: Extract<SigningPlan, { sign: unknown }>,
    { message, digests }: Pick<Transaction, "message" | "digests">,
    leaving: readonly Leaving[],
    lines: Pick<Signed, "lines"> | undefined,
  ): Promise<Signed> {
    const making = bodySource({ body: message.body, digests }, sign.map(digestSpecOf), digestBody);
    const body = making instanceof Promise ? await making : making;
    const signed = await signAll(message, body, sign, leaving);
    const signings = sign.map(
      ({ domain, selector, algorithm }) => ({ result: "signed", domain, selector, algorithm }) as const,
    );
    return lines === undefined
      ? { leaving: signed, signings, candidates }
      : { leaving: signed, signings, candidates, ...lines };
  }

  /** Mail that differs in its next hops alone has one signature. */
  async function signAll(
    message: MessageOctets,
    body: BodySource,
    requests: readonly SignRequest[],
    leaving: readonly Leaving[],
  ): Promise<readonly Leaving[]> {
    const [only] = leaving;
    if (only !== undefined && leaving.length === 1) {
      // The rule, and it needs no Promise.all.
      return [{ ...only, edits: await signOne(message, only.edits, body, requests) }];
    }
    const distinct = [...new Set(leaving.map(({ edits }) => edits))];
    const signed = await Promise.all(distinct.map((edits) => signOne(message, edits, body, requests)));
    return leaving.map((each) => {
      const withSignature = signed[distinct.indexOf(each.edits)];
      if (withSignature === undefined) throw new Error("mail is about to leave unsigned");
      return { ...each, edits: withSignature };
    });
  }

  async function signOne(
    message: MessageOctets,
    edits: HeaderEdits,
    body: BodySource,
    requests: readonly SignRequest[],
  ): Promise<HeaderEdits> {
    const printed = print(message, edits, "shared");
    const leaves = !changesBody(edits) ? body : await bodySource(printed, requests.map(digestSpecOf), digestBody);
    return withFields(await engine.sign({ header: printed.header, body: leaves, requests }), edits);
  }
}

/** A key that cannot be had defers the mail (I14): it never leaves unsigned. */
function skipped(plan: Extract<SigningPlan, { skip: unknown }>, leaving: readonly Leaving[]): Signed {
  const { skip: reason, detail, temporary, candidates } = plan;
  const result = "skipped" as const;
  const signings = [detail === undefined ? { result, reason } : { result, reason, detail }];
  if (!temporary) return { leaving, signings, candidates };
  return {
    refused: { code: 451, enhanced: "4.7.5", text: "Signing key not available, please try again later" },
    signings,
    candidates,
  };
}

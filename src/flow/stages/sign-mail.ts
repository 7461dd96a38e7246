// Signs each leaving message with what was chosen for the mail: the last edit before it goes out.
import type { DkimEngine, SignRequest } from "../../dkim/engine.ts";
import { digestSpecOf } from "../../dkim/sign.ts";
import type { BodySource } from "../../mail/digest.ts";
import { addFields } from "../../mail/edit.ts";
import type { Signer, SigningPlan } from "../../signing/choose.ts";
import { signingLogLines } from "../../signing/log-text.ts";
import type { Leaving, Passage, Signed } from "../pipeline.ts";
import { bodySource, type DigestBody } from "./body-source.ts";

export interface SignStageNeeds {
  readonly signer: Signer;
  readonly engine: Pick<DkimEngine, "sign">;
  readonly digestBody: DigestBody;
}

export function createSignStage({ signer, engine, digestBody }: SignStageNeeds) {
  return async function sign(passage: Passage, leaving: readonly Leaving[]): Promise<Signed> {
    if (leaving.length === 0) return { leaving, signings: [] };
    const plan = choose(signer, passage);
    const lines = passage.bank.log_level < 2 ? undefined : signingLogLines(plan);
    if ("skip" in plan) return lines === undefined ? skipped(plan, leaving) : { ...skipped(plan, leaving), lines };

    const { transaction } = passage;
    const source = { body: transaction.message.body, digests: transaction.digests };
    const making = bodySource(source, plan.sign.map(digestSpecOf), digestBody);
    const body = making instanceof Promise ? await making : making;
    const [first, another] = leaving;
    const signed =
      first !== undefined && another === undefined
        ? [await signOne(first, body, plan.sign)]
        : await Promise.all(leaving.map((each) => signOne(each, body, plan.sign)));
    const signings = plan.sign.map(
      ({ domain, selector, algorithm }) => ({ result: "signed", domain, selector, algorithm }) as const,
    );
    const { candidates } = plan;
    return lines === undefined
      ? { leaving: signed, signings, candidates }
      : { leaving: signed, signings, candidates, lines };
  };

  async function signOne(each: Leaving, body: BodySource, requests: readonly SignRequest[]): Promise<Leaving> {
    const { recipients, outgoing } = each;
    const fields = await engine.sign({ header: outgoing.message.header, body, requests });
    return { recipients, outgoing: { ...outgoing, message: addFields(outgoing.message, fields.join("")) } };
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

function choose(signer: Signer, { transaction, bank, checked }: Passage): SigningPlan {
  return signer.chooseSigners({
    head: transaction.message,
    mailFrom: transaction.envelope.sender.address,
    bank,
    validSignatures: checked.verifications.filter(({ kind, result }) => kind === "dkim" && result === "pass"),
    receivedAtMs: transaction.receivedAtMs,
  });
}

// The signatures of an arriving mail: keys are asked for as soon as the header is in, judged when the body is.

import type { DkimEngine, SignatureField, Verification, VerifyPolicy } from "../../dkim/engine.ts";
import { readSignatureFields } from "../../dkim/signature-fields.ts";
import { isDigestOfOctets } from "../../dkim/unaltered-body.ts";
import { offerDigest } from "../../mail/body-digest.ts";
import type { BodyDigestSpec } from "../../mail/digest.ts";
import { isUnread } from "../../mail/header.ts";
import type { Body, MessageHead } from "../../mail/message.ts";
import type { Answer, Resolve } from "../../rr/answer.ts";
import { type BodyDigestSource, bodySource, type DigestBody } from "./body-source.ts";

/** What verification wants to know of a policy bank. */
export interface VerificationBank {
  readonly enable_dkim_verification: boolean;
  readonly enable_domainkeys_verification: boolean;
  readonly dkim_minimum_key_bits: number;
  readonly dkim_rsa_sha1: "policy" | "accept";
  readonly dkim_clock_drift: number;
  readonly dkim_max_signatures: number;
  readonly dkim_max_keys: number;
}

/** A header's signatures, their keys already asked for. */
export interface PendingVerification {
  readonly policy: VerifyPolicy;
  readonly fields: readonly SignatureField[];
  readonly keys: Promise<readonly (readonly [string, Answer<"TXT">])[]>;
  /** Body digests that judging will need. */
  readonly digests: readonly BodyDigestSpec[];
}

export interface DkimVerifier {
  /** Undefined when there is nothing to verify: no signature, switched off, or a header over the limits. */
  begin(head: MessageHead, bank: VerificationBank, resolve: Resolve): PendingVerification | undefined;
  /** Rejects when the engine cannot do its work: the mail is to be tried again (451). */
  finish(
    pending: PendingVerification,
    head: MessageHead,
    body: BodyDigestSource,
    now: number,
  ): Promise<readonly Verification[]>;
}

export function createDkimVerifier(engine: Pick<DkimEngine, "verify">, digestBody: DigestBody): DkimVerifier {
  return {
    begin(head, bank, resolve) {
      if (!bank.enable_dkim_verification || isUnread(head.cut)) return undefined;
      const policy: VerifyPolicy = {
        partialBody: "policy",
        minimumKeyBits: bank.dkim_minimum_key_bits,
        rsaSha1: bank.dkim_rsa_sha1,
        domainKeys: bank.enable_domainkeys_verification,
        driftSeconds: bank.dkim_clock_drift,
        maxSignatures: bank.dkim_max_signatures,
        maxKeys: bank.dkim_max_keys,
      };
      const fields = readSignatureFields(head.fields, policy);
      if (fields.length === 0) return undefined;
      const names = new Set<string>();
      for (const { keyName } of fields) if (keyName !== undefined) names.add(keyName);
      const keys = Promise.all(Array.from(names, async (name) => [name, await resolve(name, "TXT")] as const));
      return { policy, fields, keys, digests: fields.flatMap(({ digest }) => digest ?? []) };
    },
    async finish(pending, head, body, now) {
      const making = bodySource(body, pending.digests, digestBody);
      const [keys, source] =
        making instanceof Promise ? await Promise.all([pending.keys, making]) : [await pending.keys, making];
      const { fields, policy } = pending;
      const verifications = await engine.verify({ header: head.header, body: source, keys, now, policy });
      offerHashed(body.body, fields, verifications);
      return verifications;
    },
  };
}

/** A body was hashed to judge a signature; where that passed, what asks for its digest later need not do it again. */
function offerHashed(body: Body, fields: readonly SignatureField[], verifications: readonly Verification[]): void {
  const at = verifications.findIndex(({ result }) => result === "pass");
  const { digest, bodyHash } = fields[at] ?? {};
  const { canonicalBytes } = verifications[at] ?? {};
  if (digest === undefined || bodyHash === undefined || canonicalBytes === undefined) return;
  offerDigest(body, () =>
    isDigestOfOctets(digest, canonicalBytes, body) ? Buffer.from(bodyHash, "base64") : undefined,
  );
}

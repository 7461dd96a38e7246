// Seals mail that is handed on (ARC, RFC 8617 section 5.1): what we found out travels with it, under our domain's key.
import { sealDigestSpec } from "../../arc/fields.ts";
import type { Authenticator } from "../../authres/authenticator.ts";
import { formatResults } from "../../authres/print.ts";
import { changesBody, print, withFields } from "../../mail/edit.ts";
import type { Keyring } from "../../signing/keyring.ts";
import { findSealingKey, type SealingKey, sealingDomains } from "../../signing/sealing-key.ts";
import type { JudgedMail, Leaving, SealRecord } from "../mail.ts";
import { bodySource, type DigestBody } from "./body-source.ts";

export interface SealNeeds {
  readonly authenticator: Pick<Authenticator, "seal">;
  readonly keyring: Keyring;
  readonly mydomain: string | null;
  readonly digestBody: DigestBody;
}

export interface Sealed {
  readonly leaving: readonly Leaving[];
  /** Absent where nothing was to be sealed. */
  readonly seal?: SealRecord;
}

const chains = ["none", "pass", "fail"] as const;

/** Mail that cannot be sealed leaves as it is: a seal informs, nobody owes one. */
export function createSeal({ authenticator, keyring, mydomain, digestBody }: SealNeeds) {
  /** By myhostname, of which there is hardly more than one. */
  const keys = new Map<string, SealingKey>();

  function keyFor(myhostname: string): SealingKey | undefined {
    const known = keys.get(myhostname) ?? findSealingKey(keyring, sealingDomains(mydomain, myhostname));
    if (known !== undefined) keys.set(myhostname, known);
    return known;
  }

  return async function seal(mail: JudgedMail, leaving: readonly Leaving[]): Promise<Sealed> {
    const { bank, facts, transaction } = mail;
    if (!bank.arc_seal || leaving.length === 0) return { leaving };
    const skipped = (reason: string): Sealed => ({ leaving, seal: { result: "skipped", reason } });
    const arc = facts.findings.find(({ method }) => method === "arc");
    const chain = chains.find((word) => word === arc?.result);
    if (chain === undefined) return skipped("chain-unknown");
    const key = keyFor(bank.myhostname);
    if (key === undefined) return skipped("no-sealing-key");

    const { domain, selector, privateKey } = key;
    const { message, digests, receivedAtMs } = transaction;
    const body = await bodySource({ body: message.body, digests }, [sealDigestSpec], digestBody);
    let record: SealRecord = { result: "sealed", domain, selector, chain };
    const sealed = await Promise.all(
      leaving.map(async (each): Promise<Leaving> => {
        const printed = print(message, each.edits, "shared");
        const report = await authenticator.seal({
          header: printed.header,
          body: !changesBody(each.edits) ? body : await bodySource(printed, [sealDigestSpec], digestBody),
          chain,
          authenticationResults: formatResults(bank.myauthservid ?? bank.myhostname, facts.findings),
          domain,
          selector,
          privateKey,
          signedAt: Math.floor(receivedAtMs / 1000),
        });
        if (report.result === "refused") {
          record = { result: "skipped", reason: report.reason };
          return each;
        }
        return { ...each, edits: withFields(report.fields, each.edits) };
      }),
    );
    return { leaving: sealed, seal: record };
  };
}

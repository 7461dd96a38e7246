// Seals mail that is handed on (ARC, RFC 8617 section 5.1): what we found out travels with it, under our domain's key.
import { sealDigestSpec } from "../arc/fields.ts";
import type { Authenticator } from "../authres/authenticator.ts";
import { formatResults } from "../authres/print.ts";
import { editHeader } from "../mail/edit.ts";
import type { Leaving, Passage } from "../pipeline.ts";
import type { PolicyBank } from "../policy/bank.ts";
import type { Keyring, SigningKey } from "../signing/keyring.ts";
import { bodySource, type DigestBody } from "./body-source.ts";

export interface SealNeeds {
  readonly authenticator: Pick<Authenticator, "seal">;
  readonly keyring: Keyring;
  readonly mydomain: string | null;
  readonly digestBody: DigestBody;
}

const chains = ["none", "pass", "fail"] as const;

/** Mail that cannot be sealed leaves as it is: a seal informs, nobody owes one. */
export function createSeal({ authenticator, keyring, mydomain, digestBody }: SealNeeds) {
  return async function seal(passage: Passage, leaving: readonly Leaving[]): Promise<readonly Leaving[]> {
    const { bank, checked, transaction } = passage;
    if (!bank.arc_seal || leaving.length === 0) return leaving;
    const arc = checked.findings.find(({ method }) => method === "arc");
    const chain = chains.find((word) => word === arc?.result);
    const key = sealingKey(bank);
    if (chain === undefined || key?.key === undefined) return leaving;
    const { domain, selector } = key;
    const privateKey = key.key.keyObject();
    const source = { body: transaction.message.body, digests: transaction.digests };
    const body = await bodySource(source, [sealDigestSpec], digestBody);
    return Promise.all(
      leaving.map(async (each): Promise<Leaving> => {
        const { message } = each.outgoing;
        const report = await authenticator.seal({
          header: message.header,
          body,
          chain,
          authenticationResults: formatResults(bank.myauthservid ?? bank.myhostname, checked.findings),
          domain,
          selector,
          privateKey,
          signedAt: Math.floor(transaction.receivedAtMs / 1000),
        });
        if (report.result === "refused") return each;
        const whole = [{ start: 0, end: message.header.length }];
        return { ...each, outgoing: { ...each.outgoing, message: editHeader(message, report.fields.join(""), whole) } };
      }),
    );
  };

  /** A key of ours: of mydomain, of this host, or of a domain the host is in. */
  function sealingKey({ myhostname }: Pick<PolicyBank, "myhostname">): SigningKey | undefined {
    const names = mydomain === null ? [] : [mydomain];
    for (let name = myhostname; name.includes("."); name = name.slice(name.indexOf(".") + 1)) names.push(name);
    for (const name of names) {
      const key = keyring.find(name).find((each) => each.key !== undefined && each.pattern === undefined);
      if (key !== undefined) return key;
    }
    return undefined;
  }
}

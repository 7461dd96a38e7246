// What system the client of a mail runs (os_fingerprint_method), asked while the mail is looked into.
import type { Facts } from "../../checks/check.ts";
import type { FingerprintAsker } from "../../scanners/p0f.ts";
import { parseFingerprintMethod } from "../../settings/network-shape.ts";
import type { JudgedMail } from "../mail.ts";

type Inspect = (mail: JudgedMail) => Facts | Promise<Facts>;

/** The same stage, with the fingerprint among its facts where the bank asks for one and somebody knows it. */
export function withFingerprint(inspect: Inspect, fingerprints: Pick<FingerprintAsker, "ask"> | undefined): Inspect {
  if (fingerprints === undefined) return inspect;
  return (mail) => {
    const { os_fingerprint_method: method } = mail.bank;
    const at = method === null ? undefined : parseFingerprintMethod(method);
    const { client } = mail.transaction.session;
    const { address } = client;
    // What our own users run is their business (amavisd).
    if (at === undefined || address === undefined || mail.bank.originating) return inspect(mail);
    const asked = fingerprints.ask(at, {
      address,
      ...(client.port === undefined ? {} : { port: Number(client.port) }),
    });
    return Promise.all([inspect(mail), asked]).then(([facts, fingerprint]) =>
      fingerprint === undefined ? facts : { ...facts, content: { ...facts.content, fingerprint } },
    );
  };
}

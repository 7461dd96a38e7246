// SPF of the client that gave the mail to our MTA (RFC 7208), reported as RFC 8601 section 2.7.2 says.
import type { Authenticator } from "../authres/authenticator.ts";
import type { FindingProperty } from "../authres/finding.ts";
import { plainAddress, splitAddress } from "../mail/address.ts";
import { domainOfOctets } from "../mail/domain.ts";
import type { Peek } from "../rr/known-answers.ts";
import type { Check } from "./check.ts";
import { peekSpfAnswers } from "./spf-answers.ts";

/**
 * `peek` looks into the DNS cache: what is there goes with the job, which saves the worker from asking back for it.
 * Without a client address (mail submitted on this host, no XFORWARD) there is nothing to check.
 */
export function createSpfCheck(authenticator: Pick<Authenticator, "spf">, peek: Peek = () => undefined): Check {
  return {
    name: "spf",
    isWanted: (bank) => bank.enable_spf_verification,
    async run({ client, sender, bank, resolve }) {
      const { address, helo = "" } = client;
      if (address === undefined) return { findings: [] };
      const clientAddress = bareAddress(address);
      const mailbox = splitAddress(sender);
      const domain = sender === "" ? domainOfOctets(helo) : mailbox.domain;
      const known = domain === undefined ? [] : peekSpfAnswers(domain, clientAddress, peek);
      const job = {
        address: clientAddress,
        ...(known.length === 0 ? {} : { known }),
        helo,
        sender,
        receiver: bank.myhostname,
      };
      const { result, reason, matched } = await authenticator.spf(job, resolve);
      const identity: FindingProperty =
        sender === ""
          ? { type: "smtp", name: "helo", value: helo }
          : // Without its domain, which is none, the local part would read as one.
            { type: "smtp", name: "mailfrom", value: mailbox.domain === undefined ? sender : plainAddress(mailbox) };
      const properties = identity.value === "" ? [] : [identity];
      const more = { ...(reason === undefined ? {} : { reason }), ...(matched === undefined ? {} : { matched }) };
      return { findings: [{ method: "spf", result, ...more, properties }] };
    },
  };
}

/** XFORWARD writes IPv6 addresses as "IPv6:2001:db8::1" (Postfix XFORWARD_README). */
function bareAddress(address: string): string {
  return /^ipv6:/i.test(address) ? address.slice("ipv6:".length) : address;
}

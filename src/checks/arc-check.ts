// The ARC chain of a mail (RFC 8617): whether it holds, and whether those who sealed it are trusted here.
import { arcDigestSpecs, readArcFields } from "../arc/fields.ts";
import type { ArcReport, Authenticator } from "../authres/authenticator.ts";
import type { Finding } from "../authres/finding.ts";
import { isUnread } from "../mail/header.ts";
import type { MessageHead } from "../mail/message.ts";
import type { Check } from "./check.ts";

/** The reason of a finding "pass" when every sealer of the chain is one of `arc_trusted_sealers`. */
export const trustedSealer = "trusted-sealer";

export function createArcCheck(authenticator: Pick<Authenticator, "arc">): Check {
  return {
    name: "arc",
    // A set of ours says what the chain was worth, so sealing needs it judged.
    isWanted: (bank) => bank.enable_arc_verification || bank.arc_seal,
    digests: ({ fields, cut }) => (cut === undefined ? arcDigestSpecs(fields) : []),
    async run({ client, head, bank, now, body, resolve }) {
      const report = hasArc(head)
        ? await authenticator.arc(
            {
              header: head.header,
              body: await body(),
              now,
              minimumKeyBits: bank.dkim_minimum_key_bits,
              driftSeconds: bank.dkim_clock_drift,
            },
            resolve,
          )
        : none;
      return { findings: [findingOf(report, client.address, bank.arc_trusted_sealers)] };
    },
  };
}

const none: ArcReport = { result: "none", sets: [] };

/** Most mail has no chain: then no worker is asked. */
function hasArc({ fields, cut }: MessageHead): boolean {
  return isUnread(cut) || readArcFields(fields).length > 0;
}

function findingOf(report: ArcReport, address: string | undefined, trusted: readonly string[]): Finding {
  const { result, sets } = report;
  const reason = isTrusted(report, trusted) ? trustedSealer : report.reason;
  return {
    method: "arc",
    result,
    ...(reason === undefined ? {} : { reason }),
    ...(sets.length === 0 ? {} : { comment: `i=${sets.length}` }),
    // RFC 8617 section 6: what the next one in the chain may want to know.
    properties: result === "none" || address === undefined ? [] : [{ type: "smtp", name: "remote-ip", value: address }],
  };
}

/**
 * A chain is worth as much as those who made it: the whole of it must hold, each sealer must be trusted, and the first
 * must say in words that can be read what it found, and not that DMARC failed, for then it vouches for nothing.
 */
function isTrusted({ result, sets }: ArcReport, trusted: readonly string[]): boolean {
  const [first] = sets;
  if (result !== "pass" || first === undefined || first.dmarc === "fail" || first.isUnreadable === true) return false;
  return sets.every(({ sealer }) => isListed(sealer, trusted));
}

function isListed(sealer: string, trusted: readonly string[]): boolean {
  return trusted.some((entry) =>
    entry.startsWith(".") ? sealer === entry.slice(1) || sealer.endsWith(entry) : sealer === entry,
  );
}

// What lets a mail through that somebody released, or that is a copy of ours for a mail address, when its way leads past us
// again: a field that none but filters with this quarantine can write, for this one body and for a time.
import { createHmac, timingSafeEqual } from "node:crypto";

/** The field's name in lower case, as headers are searched. */
export const passField = "x-signpost-pass";

export interface PassTokens {
  /** The whole field with its CRLF. `bodyDigest`: SHA-256 of the body; `nowMs`: epoch, milliseconds. */
  field(mailId: string, bodyDigest: Uint8Array, nowMs: number): string;
  /** The mail_id in such a field, where it was made here for this body and is not too old. */
  check(fieldBody: string, bodyDigest: Uint8Array, nowMs: number): string | undefined;
}

/** As long as an MTA tries to deliver a mail (maximal_queue_lifetime). */
const lastsMs = 5 * 86_400_000;
/** Clocks of filters that share a folder may differ by so much. */
const skewMs = 600_000;

/** @param key secret, 32 octets */
export function createPassTokens(key: Uint8Array): PassTokens {
  function sign(mailId: string, time: string, bodyDigest: Uint8Array): string {
    return createHmac("sha256", key).update(`${mailId} ${time} `).update(bodyDigest).digest("base64url");
  }

  return {
    field(mailId, bodyDigest, nowMs) {
      const time = nowMs.toString(36);
      return `X-Signpost-Pass: ${mailId} ${time}\r\n ${sign(mailId, time, bodyDigest)}\r\n`;
    },
    check(fieldBody, bodyDigest, nowMs) {
      const [, mailId, time, given] = /^\s*([\w-]{12})\s+([0-9a-z]{1,11})\s+([\w-]{43})\s*$/.exec(fieldBody) ?? [];
      if (mailId === undefined || time === undefined || given === undefined) return undefined;
      const ageMs = nowMs - Number.parseInt(time, 36);
      if (!(ageMs > -skewMs && ageMs < lastsMs)) return undefined;
      const wanted = sign(mailId, time, bodyDigest);
      return timingSafeEqual(Buffer.from(given), Buffer.from(wanted)) ? mailId : undefined;
    },
  };
}

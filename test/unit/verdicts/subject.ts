// A mail as verdicts are found by, with whatever of it a test is about.
import { splitHeader } from "../../../src/mail/header.ts";
import type { VerdictSubject } from "../../../src/mail/verdict-subject.ts";

export const header = "From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nContent-Type: text/plain\r\n";

export function subject(given: Partial<VerdictSubject> = {}, text = header): VerdictSubject {
  const octets = Buffer.from(text);
  return {
    bodyDigest: Buffer.alloc(32, 1),
    head: { header: octets, ...splitHeader(octets) },
    bankPath: "",
    scanners: "[]",
    further: ["user=", "client=192.0.2"],
    ...given,
  };
}

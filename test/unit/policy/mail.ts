// Facts about a message for tests: authors from header lines, verifications from a few words.
import type { Verification } from "../../../src/dkim/engine.ts";
import { type Authors, readAuthors } from "../../../src/mail/authors.ts";
import { splitHeader } from "../../../src/mail/header.ts";

/** Header lines (latin1, without CRLF) to the message's authors. */
export function authorsOf(...lines: readonly string[]): Authors {
  return readAuthors(splitHeader(Buffer.from(lines.map((line) => `${line}\r\n`).join(""), "latin1")));
}

export function signed(domain: string, facts: Partial<Verification> = {}): Verification {
  return {
    kind: "dkim",
    result: "pass",
    domain,
    selector: "s1",
    algorithm: "rsa-sha256",
    identity: `@${domain}`,
    b: "abcdefgh",
    keyBits: 2048,
    ...facts,
  };
}

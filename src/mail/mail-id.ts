// mail_id: amavisd's name for one mail, unique for as long as anybody will ask (amavis.md 1.11: 72 random bits).
import { randomUUID } from "node:crypto";

/** The digits that are random in all, and 72 bits of them: 6 and 12, around those of version and variant (RFC 9562 section 5.4). */
const [firstDigits, lastDigits] = [6, 24];

/** 12 characters of base64url, the first and the last alphanumeric, so that it is a good file and Message-ID part. */
export function createMailId(): string {
  for (;;) {
    // Of Node's sources of chance the one that asks the system for many at a time: a call for each took 2 % of a mail.
    const uuid = randomUUID();
    const id = Buffer.from(uuid.slice(0, firstDigits) + uuid.slice(lastDigits), "hex").toString("base64url");
    if (isAlphanumeric(id.charCodeAt(0)) && isAlphanumeric(id.charCodeAt(11))) return id;
  }
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

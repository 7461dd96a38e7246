// mail_id: amavisd's name for one mail, unique for as long as anybody will ask (amavis.md 1.11: 72 random bits).
import { randomFillSync } from "node:crypto";

/** 72 bits. */
const octetsOfId = 9;

/** For some hundred mails at once: to ask the system for each took 2 % of a mail. Every octet is used once. */
const random = Buffer.alloc(octetsOfId * 256);
let used = random.length;

/** 12 characters of base64url, the first and the last alphanumeric, so that it is a good file and Message-ID part. */
export function createMailId(): string {
  for (;;) {
    if (used === random.length) {
      randomFillSync(random);
      used = 0;
    }
    const id = random.toString("base64url", used, used + octetsOfId);
    used += octetsOfId;
    if (isAlphanumeric(id.charCodeAt(0)) && isAlphanumeric(id.charCodeAt(11))) return id;
  }
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

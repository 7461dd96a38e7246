// mail_id: amavisd's name for one mail, unique for as long as anybody will ask (amavis.md 1.11: 72 random bits).
import { randomFillSync } from "node:crypto";

const pool = Buffer.alloc(9 * 128);
let used = pool.length;

/** 12 characters of base64url, the first and the last alphanumeric, so that it is a good file and Message-ID part. */
export function createMailId(): string {
  for (;;) {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const id = pool.toString("base64url", used, used + 9);
    used += 9;
    if (isAlphanumeric(id.charCodeAt(0)) && isAlphanumeric(id.charCodeAt(11))) return id;
  }
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

// mail_id: amavisd's name for one mail, unique for as long as anybody will ask (amavis.md 1.11: 72 random bits).
import { randomBytes } from "node:crypto";

/** 12 characters of base64url, the first and the last alphanumeric, so that it is a good file and Message-ID part. */
export function createMailId(): string {
  for (;;) {
    const id = randomBytes(9).toString("base64url");
    if (isAlphanumeric(id.charCodeAt(0)) && isAlphanumeric(id.charCodeAt(11))) return id;
  }
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

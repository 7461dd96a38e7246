// Signs by hand, simple/simple, with whatever tags a test wants: what our signer would never make. Shares no code
// with the engine beyond node:crypto.
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { defaultVerifyPolicy, type Verification, type VerifyPolicy } from "../../../src/dkim/engine.ts";
import { verifyMessage } from "../../../src/dkim/verify.ts";
import type { Answer } from "../../../src/rr/answer.ts";

export const now = 1_800_000_000;
export const keyName = "s._domainkey.example.com";
export const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
export const ed25519 = generateKeyPairSync("ed25519");

export const fields = [
  "From: Joe <joe@example.com>\r\n",
  "To: ann@example.org\r\n",
  "Subject: one\r\n",
  "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n",
];
export const body = "first line\r\n\r\nlast line\r\n\r\n\r\n";

/** A key record with the RSA key; `tags` come before p=. */
export function rsaRecord(tags = "v=DKIM1; k=rsa; "): string {
  return `${tags}p=${rsa.publicKey.export({ format: "der", type: "spki" }).toString("base64")}`;
}

export function ed25519Record(tags = "v=DKIM1; k=ed25519; "): string {
  return `${tags}p=${ed25519.publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64")}`;
}

export function found(...records: readonly (string | readonly string[])[]): Answer<"TXT"> {
  const asStrings = records.map((record) => (typeof record === "string" ? [record] : record));
  return { status: "found", records: asStrings, ttlSeconds: 300, secure: false };
}

/** Replaces tags of the usual signature: undefined leaves one out, a new name is put before b=. */
export type Tags = Readonly<Record<string, string | undefined>>;

export interface HandMade {
  readonly tags?: Tags;
  readonly fields?: readonly string[];
  readonly body?: string;
  readonly key?: KeyObject;
  /** The text after "DKIM-Signature:", with the tags as they are in the list; default: " a=1; b=2". */
  readonly write?: (tags: ReadonlyMap<string, string>) => string;
}

/** The signature field for `fields` and `body`. h= picks fields from the bottom. */
export function signByHand(mail: HandMade = {}): string {
  const tags = new Map<string, string>();
  const algorithm = mail.tags?.["a"] ?? "rsa-sha256";
  const hash = algorithm === "rsa-sha1" ? "sha1" : "sha256";
  const length = mail.tags?.["l"];
  const canonicalBody = `${(mail.body ?? body).replace(/(\r\n)*$/, "")}\r\n`;
  const usual: Tags = {
    v: "1",
    a: "rsa-sha256",
    c: "simple/simple",
    d: "example.com",
    s: "s",
    h: "From:To:Subject:Date",
    bh: createHash(hash)
      .update(canonicalBody.slice(0, length === undefined ? undefined : Number(length)), "latin1")
      .digest("base64"),
  };
  for (const [name, value] of Object.entries({ ...usual, ...mail.tags, b: "" })) {
    if (value !== undefined) tags.set(name, value);
  }
  const write = mail.write ?? ((list) => [...list].map(([name, value]) => ` ${name}=${value}`).join(";"));
  const unsigned = `DKIM-Signature:${write(tags)}`;

  const left = [...(mail.fields ?? fields)];
  let text = "";
  for (const name of (tags.get("h") ?? "").split(":")) {
    const place = left.findLastIndex((field) => field.toLowerCase().startsWith(`${name.trim().toLowerCase()}:`));
    if (place !== -1) text += left.splice(place, 1).join("");
  }
  const key = mail.key ?? (algorithm === "ed25519-sha256" ? ed25519.privateKey : rsa.privateKey);
  // All white space of b= goes with its value (RFC 6376 section 3.7).
  const emptied = /\bb=\s*(?=;|$)/;
  const octets = Buffer.from(text + unsigned.replace(emptied, "b="), "latin1");
  const value =
    key.asymmetricKeyType === "ed25519"
      ? sign(null, createHash("sha256").update(octets).digest(), key)
      : sign(hash, octets, key);
  return `${unsigned.replace(emptied, (tag) => tag + value.toString("base64"))}\r\n`;
}

export interface VerifyWith {
  readonly answer?: Answer<"TXT">;
  readonly now?: number;
  readonly policy?: Partial<VerifyPolicy>;
  readonly body?: string;
}

/** Verifies header lines and a body; every key name is answered alike. */
export function verifyLines(lines: readonly string[], options: VerifyWith = {}): Verification[] {
  const names = new Set([keyName, ...lines.flatMap(keyNamesOf)]);
  return verifyMessage({
    header: Buffer.from(lines.join(""), "latin1"),
    body: { chunks: [Buffer.from(options.body ?? body, "latin1")] },
    keys: [...names].map((name) => [name, options.answer ?? found(rsaRecord())]),
    now: options.now ?? now,
    policy: { ...defaultVerifyPolicy, ...options.policy },
  });
}

function keyNamesOf(line: string): string[] {
  const [, selector = ""] = / s=([^;\s]+)/.exec(line) ?? [];
  const [, domain = ""] = / d=([^;\s]+)/.exec(line) ?? [];
  return /^(DKIM|DomainKey)-Signature/i.test(line) ? [`${selector}._domainkey.${domain}`.toLowerCase()] : [];
}

// Keys made on the spot and the requests that sign with them: both algorithms, all canonicalizations.
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { SignRequest } from "../../src/dkim/engine.ts";
import { defaultSignedHeaderFields } from "../../src/dkim/signed-fields.ts";
import type { Answer } from "../../src/rr/answer.ts";

export const signedAt = 1_767_225_600;

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");

/** Key records by name, as text. */
export const keyRecords: ReadonlyMap<string, string> = new Map([
  ["r._domainkey.example.com", `v=DKIM1; k=rsa; p=${spki(rsa.publicKey).toString("base64")}`],
  ["e._domainkey.example.com", `v=DKIM1; k=ed25519; p=${spki(ed25519.publicKey).subarray(-32).toString("base64")}`],
]);

/** The same records as the DNS would answer, cut into strings of at most 255 octets. */
export function keyAnswers(): [string, Answer<"TXT">][] {
  return [...keyRecords].map(([name, text]) => [
    name,
    { status: "found", records: [text.match(/.{1,255}/g) ?? []], ttlSeconds: 300, secure: false },
  ]);
}

/** Eight requests: RSA and Ed25519 with all four canonicalizations. */
export function signRequests(overrides: Partial<SignRequest> = {}): SignRequest[] {
  const canonicalizations = ["simple", "relaxed"] as const;
  return canonicalizations.flatMap((headerCanonicalization) =>
    canonicalizations.flatMap((bodyCanonicalization) =>
      [
        { selector: "r", algorithm: "rsa-sha256", privateKey: rsa.privateKey } as const,
        { selector: "e", algorithm: "ed25519-sha256", privateKey: ed25519.privateKey } as const,
      ].map((key) => ({
        domain: "example.com",
        headerCanonicalization,
        bodyCanonicalization,
        identity: "",
        signedAt,
        expiresAt: signedAt + 21 * 86_400,
        signedFields: defaultSignedHeaderFields,
        ...key,
        ...overrides,
      })),
    ),
  );
}

function spki(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" });
}

// Signatures that bench mail carries: made by the project's own signer, so that whoever is measured finds them valid.
import type { KeyObject } from "node:crypto";
import type { SignRequest } from "../../src/dkim/engine.ts";
import { signMessage } from "../../src/dkim/sign.ts";
import { defaultSignedHeaderFields } from "../../src/dkim/signed-fields.ts";
import { concatShared } from "../../src/mail/shared-octets.ts";

/** relaxed/relaxed for example.com, signed now. */
export function signRequest(selector: string, algorithm: "rsa" | "ed25519", privateKey: KeyObject): SignRequest {
  return {
    domain: "example.com",
    selector,
    algorithm: `${algorithm}-sha256`,
    headerCanonicalization: "relaxed",
    bodyCanonicalization: "relaxed",
    identity: "",
    signedAt: Math.floor(Date.now() / 1000),
    expiresAt: undefined,
    signedFields: defaultSignedHeaderFields,
    privateKey,
  };
}

/** The message with its signatures on top. */
export function withSignatures(message: Buffer, requests: readonly SignRequest[]): Buffer {
  const end = message.indexOf("\r\n\r\n");
  const fields = signMessage({
    header: concatShared([message.subarray(0, end + 2)]),
    body: { chunks: [concatShared([message.subarray(end + 4)])] },
    requests,
  });
  return Buffer.concat([Buffer.from(fields.join(""), "latin1"), message]);
}

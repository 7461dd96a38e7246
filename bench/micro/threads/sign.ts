// Three ways to one DKIM signature of a whole mail: in the thread that reads sockets, its RSA operation alone on libuv's
// threads, or all of it on a piscina pool.
import { createPrivateKey, sign as makeSignature } from "node:crypto";
import { findDigest, readDigests } from "../../../src/dkim/body-hash.ts";
import type { SignRequest } from "../../../src/dkim/engine.ts";
import { FieldIndex } from "../../../src/dkim/field-index.ts";
import { digestSpecOf, signMessage } from "../../../src/dkim/sign.ts";
import { layOutSignature } from "../../../src/dkim/signature-layout.ts";
import { listSignedFields } from "../../../src/dkim/signed-fields.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { createDkimPool } from "../../../src/pool/dkim-engine.ts";
import { workerUrl } from "../../../src/process/module-url.ts";
import { signRequest } from "../../load/signed.ts";

export const ways = ["none", "sync", "callback", "pool"] as const;
export type Way = (typeof ways)[number];

/** The field to put on top of a mail; "" for none. */
export type Sign = (header: Buffer, body: Buffer) => Promise<string> | string;

export function createSign(way: Way, keyPem: string): Sign {
  const request = signRequest("rsa", "rsa", createPrivateKey(keyPem));
  switch (way) {
    case "none":
      return () => "";
    case "sync":
      return (header, body) => signMessage({ header, body: { chunks: [body] }, requests: [request] }).join("");
    case "callback":
      return (header, body) => signByCallback(header, body, request);
    case "pool": {
      const worker = workerUrl("dkim");
      const pool = createDkimPool({ worker, threads: 1, maxQueue: 1000, deadlineMs: 30_000 });
      return async (header, body) =>
        (await pool.sign({ header, body: { chunks: [body] }, requests: [request] })).join("");
    }
  }
}

/** What `signMessage` does, but for where the RSA operation runs. */
function signByCallback(header: Buffer, body: Buffer, request: SignRequest): Promise<string> {
  const { fields } = splitHeader(header, { maxBytes: Infinity, maxFields: Infinity, maxLines: Infinity });
  const list = listSignedFields(fields, request.signedFields);
  const spec = digestSpecOf(request);
  const { digest } = findDigest(readDigests({ chunks: [body] }, [spec]), spec);
  const layout = layOutSignature(request, list, Buffer.from(digest).toString("base64"));
  const own = Buffer.from(layout.unsigned, "latin1");
  const octets = new FieldIndex(fields).signedOctets(list, request.headerCanonicalization, own);
  return new Promise((resolve, reject) => {
    makeSignature("sha256", octets, request.privateKey, (error, value) => {
      if (error === null) resolve(layout.withValue(value.toString("base64")));
      else reject(error);
    });
  });
}

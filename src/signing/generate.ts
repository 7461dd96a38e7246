// New private keys, in the form in which they are stored: PKCS#8 PEM.
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);

/** An RSA key with the usual exponent 65537. */
export async function generateRsaKey(bits: number): Promise<string> {
  const { privateKey } = await generate("rsa", { modulusLength: bits });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** An Ed25519 key (RFC 8463). */
export async function generateEd25519Key(): Promise<string> {
  const { privateKey } = await generate("ed25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

// Asks the DNS for what publishes a key and judges the answer.
import type { Resolve } from "../rr/answer.ts";
import { checkKey, type KeyCheck } from "./key-check.ts";
import type { Keyring } from "./keyring.ts";
import { recordName } from "./record-text.ts";
import type { SigningKey } from "./signing-key.ts";

/** Keys of a domain pattern have no one place in the DNS: nothing is asked for them. */
export async function askKey(keyring: Pick<Keyring, "look">, key: SigningKey, resolve: Resolve): Promise<KeyCheck> {
  const read = keyring.look(key);
  if (key.pattern !== undefined || key.selector === "") return checkKey(key, read, undefined);
  const name = recordName(key);
  const [txt, cname] = await Promise.all([resolve(name, "TXT"), resolve(name, "CNAME")]);
  return checkKey(key, read, { txt, cname });
}

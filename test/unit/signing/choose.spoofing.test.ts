import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { splitHeader } from "../../../src/mail/header.ts";
import { createSigner } from "../../../src/signing/choose.ts";
import { loadKeyring } from "../../../src/signing/load-keyring.ts";
import { planSigning } from "../../../src/signing/plan.ts";
import { corpusTest } from "../../support/corpora.ts";
import { filesOf, rsaPem } from "./keys.ts";

/** Sent by attacker@gmail.com through its own server, in the name of an admin of another domain. */
const cases = [
  ["client_a1", "two-from-fields"],
  ["client_a2", "two-from-domains"],
  ["client_a3", "gmail.com"],
] as const;

for (const [name, expected] of cases) {
  corpusTest(`a server that has the attacker's key does not vouch for the victim: ${name}`, "spoofing", (folder) => {
    const message = readFileSync(join(folder, `${name}.eml`));
    const { keyring } = loadKeyring(
      { dkim_keys: [{ domain: "gmail.com", selector: "s", file: "k" }] },
      filesOf({ k: rsaPem }),
    );
    const choice = createSigner(keyring).choose({
      head: splitHeader(message.subarray(0, message.indexOf("\r\n\r\n") + 2)),
      mailFrom: "attacker@gmail.com",
      bank: {
        originating: true,
        enable_dkim_signing: true,
        signed_header_fields: {},
        dkim_signature_options_bysender_maps: { all: () => [], first: () => undefined },
        allowed_added_header_fields: { "dkim-signature": true },
      },
    });
    const plan = planSigning(choice, { validSignatures: [], receivedAtMs: 0 });
    // A third-party signature by the server's own domain says nothing about the author.
    assert.equal("sign" in plan ? plan.sign.map(({ domain }) => domain).join() : plan.skip, expected);
  });
}

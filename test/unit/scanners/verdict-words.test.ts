import assert from "node:assert/strict";
import { test } from "node:test";
import { clientNetwork, verdictWords } from "../../../src/scanners/verdict-words.ts";
import { dkimPass, spamQuestion, spfPass, verified } from "../../support/spam-question.ts";

test("sender's domain, client's network and what was verified", () => {
  assert.deepEqual(verdictWords(spamQuestion({ verified: verified(dkimPass, spfPass) })), [
    "sender=example.com",
    "client=192.0.2",
    "dkim=pass  header.d=example.com",
    "spf=pass  smtp.mailfrom=example.com",
  ]);
  assert.deepEqual(verdictWords(spamQuestion({ client: {}, fingerprint: "Linux 6", virusTests: ["AV:Phish.A=4"] })), [
    "sender=example.com",
    "client=",
    "system=Linux 6",
    "viruses=AV:Phish.A=4",
  ]);
  const bounce = { sender: { address: "", parameters: "" }, recipients: [] };
  assert.deepEqual(verdictWords(spamQuestion({ envelope: bounce, client: {} })), ["sender=", "client="]);
});

test("copies of one mailing have the same words: each has a signature and a sender of its own", () => {
  const copy = (b: string, sender: string) => {
    const properties = [...dkimPass.properties, { type: "header" as const, name: "b", value: b }];
    const spf = { ...spfPass, properties: [{ type: "smtp" as const, name: "mailfrom", value: sender }] };
    const envelope = { sender: { address: sender, parameters: "" }, recipients: [] };
    return verdictWords(spamQuestion({ envelope, verified: verified({ ...dkimPass, properties }, spf) }));
  };
  assert.deepEqual(copy("abc", "list-1@Example.com"), copy("def", "list-2@example.com"));
});

test("networks that answer for an address", () => {
  const networks = {
    "192.0.2.7": "192.0.2",
    "::ffff:192.0.2.7": "192.0.2",
    "2001:db8:0:1::7": "2001:db8:0:1",
    "2001:0DB8::7": "2001:db8:0:0",
    "::1": "0:0:0:0",
    "fe80::1%eth0": "fe80:0:0:0",
    "": "",
    unknown: "",
  };
  for (const [address, network] of Object.entries(networks)) assert.equal(clientNetwork(address), network, address);
  assert.equal(clientNetwork(undefined), "");
});

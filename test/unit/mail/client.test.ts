import assert from "node:assert/strict";
import { test } from "node:test";
import { clientAddress } from "../../../src/mail/client.ts";
import { applyXforward } from "../../../src/smtp/xforward.ts";

const told: Readonly<Record<string, string | undefined>> = {
  "ADDR=192.0.2.1": "192.0.2.1",
  "ADDR=[UNAVAILABLE] NAME=[UNAVAILABLE]": "0.0.0.0",
  "ADDR=[unavailable]": "0.0.0.0",
  "IDENT=4711 SOURCE=LOCAL": "0.0.0.0",
  "ADDR=192.0.2.1 SOURCE=LOCAL": "192.0.2.1",
  "ADDR=[UNAVAILABLE] SOURCE=REMOTE": "0.0.0.0",
  "ADDR=[UNAVAILABLE] ADDR=192.0.2.1": "192.0.2.1",
  "ADDR=192.0.2.1 ADDR=[UNAVAILABLE]": "0.0.0.0",
  "SOURCE=REMOTE": undefined,
  "NAME=mail.example HELO=x": undefined,
  "ADDR=": undefined,
  "ADDR=[TEMPUNAVAIL]": undefined,
};

for (const [attributes, address] of Object.entries(told)) {
  test(`XFORWARD ${attributes} means a client of ${address ?? "nowhere"}`, () => {
    assert.equal(clientAddress(applyXforward({}, attributes) ?? {}), address);
  });
}

test("nothing told is a client of nowhere, as is one of whom something was refused", () => {
  assert.equal(clientAddress({}), undefined);
  const refused = { standing: "refused", address: "10.0.0.1", source: "LOCAL" } as const;
  assert.equal(clientAddress(refused), undefined);
  assert.equal(clientAddress(applyXforward(refused, "ADDR=10.0.0.2") ?? {}), undefined);
  assert.equal(clientAddress(applyXforward(refused, "ADDR=[UNAVAILABLE]") ?? {}), undefined);
});

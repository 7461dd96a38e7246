import assert from "node:assert/strict";
import { test } from "node:test";
import { Dialog, type RefusedAt } from "../../../src/receive/dialog.ts";
import type { ListenerOptions } from "../../../src/receive/options.ts";
import { defaultListenerOptions } from "../../support/receive-defaults.ts";

function dialogAt(address: string, options: Partial<ListenerOptions> = {}) {
  let asked = 0;
  const refused: RefusedAt[] = [];
  const dialog = new Dialog({
    logId: "00001-01",
    listener: { address, port: 10024 },
    peer: { address: "127.0.0.1", port: 1 },
    options: () => {
      asked += 1;
      return { ...defaultListenerOptions, ...options };
    },
    admit: () => undefined,
    refused: () => refused.push(dialog.refusedAt),
  });
  return { dialog, asked: () => asked, refused };
}

for (const [address, name] of [
  ["127.0.0.1", "[127.0.0.1]"],
  ["::1", "[IPv6:::1]"],
  ["", "[localhost]"],
] as const) {
  test(`calls itself ${name} on ${address === "" ? "a unix socket" : address}`, () => {
    const { dialog } = dialogAt(address);
    assert.equal(dialog.greeting(), `220 ${name} ESMTP signpost service ready\r\n`);
    assert.equal(dialog.command("HELO x").text, `250 ${name}\r\n`);
  });
}

test("asks for the settings at the start, at EHLO and at MAIL, and not for each recipient", () => {
  const { dialog, asked } = dialogAt("127.0.0.1");
  dialog.greeting();
  dialog.command("EHLO x");
  dialog.command("XFORWARD NAME=x");
  dialog.command("MAIL FROM:<a@b>");
  for (let i = 0; i < 100; i += 1) dialog.command("RCPT TO:<a@b>");
  assert.equal(dialog.command("DATA").next, "data");
  assert.equal(asked(), 3);
});

test("who is refused is told with the client that XFORWARD named, for one MAIL", () => {
  const { dialog, refused } = dialogAt("127.0.0.1", { smtpd_message_size_limit: 1000 });
  dialog.command("EHLO x");
  dialog.command("XFORWARD ADDR=192.0.2.1");
  for (const size of [2000, 3000]) dialog.command(`MAIL FROM:<a@b> SIZE=${size}`);
  assert.deepEqual(
    refused.map(({ client, command }) => [client, command]),
    [
      ["192.0.2.1", "MAIL FROM:<a@b> SIZE=2000"],
      [undefined, "MAIL FROM:<a@b> SIZE=3000"],
    ],
  );
});

test("keeps the envelope of one mail out of the next", () => {
  const { dialog } = dialogAt("127.0.0.1");
  for (const line of ["EHLO x", "MAIL FROM:<a@b> RET=FULL", "RCPT TO:<c@d>", "DATA"]) dialog.command(line);
  const first = dialog.beginMessage();
  dialog.endMessage(true);
  for (const line of ["MAIL FROM:<>", "RCPT TO:<e@f>", "DATA"]) dialog.command(line);
  const second = dialog.beginMessage();
  assert.deepEqual(first.envelope, {
    sender: { address: "a@b", parameters: "RET=FULL" },
    recipients: [{ address: "c@d", parameters: "" }],
  });
  assert.deepEqual(second.envelope, {
    sender: { address: "", parameters: "" },
    recipients: [{ address: "e@f", parameters: "" }],
  });
  assert.deepEqual([first.session.id, second.session.id], ["00001-01", "00001-01-2"]);
});

test("answers any command line, and never with more than one line end too many", () => {
  const { dialog } = dialogAt("127.0.0.1");
  for (let octet = 0; octet < 256; octet += 1) {
    const { text } = dialog.command(String.fromCharCode(octet).repeat(3));
    assert.match(text, /^[\x20-\x7e]+\r\n$/);
  }
});

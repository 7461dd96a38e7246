// A real Postfix with two filters in its content_filter, as docs/scaling.md has it: the second takes over from the first.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { documentBlocks } from "../support/document-blocks.ts";
import { startFakeNextHop } from "../support/fake-next-hop.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";
import { skipWithout } from "../support/peers.ts";
import { postfixMissing, startPostfix } from "../support/postfix.ts";
import { sendMail } from "../support/send-mail.ts";

const skip = skipWithout(await postfixMissing());

test("Postfix hands mail to the second filter while the first is away", { skip }, async (t) => {
  const [sink, one, two] = [await startFakeNextHop(), await startFakeNextHop(), await startFakeNextHop()];
  const [smtpd, backIncoming, backOriginating] = [await freePort(), await freePort(), await freePort()];
  const incoming = one.port;
  const ports = { smtpd, incoming, originating: incoming, backIncoming, backOriginating, sink: sink.port };
  const postfix = await startPostfix(ports, "127.0.0.0/8");
  t.after(async () => {
    await postfix.stop();
    for (const hop of [sink, one, two]) await hop.close();
  });
  const block = (await documentBlocks("scaling.md"))("several.cf");
  const list = /amavisfeed:(.*)/.exec(block)?.[1] ?? "";
  const here = list
    .replace("192.0.2.11]:10024", `127.0.0.1]:${one.port}`)
    .replace("192.0.2.12]:10024", `127.0.0.1]:${two.port}`);
  assert.match(here, /^\[127\.0\.0\.1\]:\d+,\[127\.0\.0\.1\]:\d+$/);
  // Read anew by each smtpd that starts, so by the first.
  for (const map of ["tag_as_originating.re", "tag_as_foreign.re"]) {
    const file = join(postfix.folder, "etc", map);
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replaceAll(`[127.0.0.1]:${one.port}`, here));
  }
  const send = async () => {
    const octets = "From: alice@example.com\r\n\r\nHello\r\n";
    const reply = await sendMail(smtpd, { octets, sender: "alice@example.com", recipients: ["bob@example.org"] });
    assert.match(reply, /^250 /);
  };
  for (let mail = 0; mail < 3; mail += 1) await send();
  await one.received(3);
  assert.equal(two.mails.length, 0);
  await one.close();
  for (let mail = 0; mail < 3; mail += 1) await send();
  await two.received(3);
});

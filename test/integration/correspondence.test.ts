// Who wrote a mail, beside what it says: pen pals, bounces of mail that is not ours, what the client runs; remembered in a file of
// this machine.
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { startFakeRedis } from "../support/fake-redis.ts";
import { type FakeSpamd, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;
let spamd: FakeSpamd;
let p0f: Socket;
const asked: string[] = [];

before(async () => {
  spamd = await startFakeSpamd();
  spamd.script = ({ content }) => spamdReply(Number(/SCORE (\d+)/.exec(content.toString("latin1"))?.[1] ?? 0), "A=1");
  p0f = createSocket("udp4");
  p0f.on("message", (octets, { port, address }) => {
    const question = octets.toString("latin1");
    asked.push(question);
    // What answers to no question of ours comes first.
    p0f.send("[192.0.2.9] guessed Liar\r\n", port, address);
    p0f.send(`${question} Windows XP, (distance 12)\r\n`, port, address);
  });
  p0f.bind(0, "127.0.0.1");
  await once(p0f, "listening");
  filter = await startFilter({
    extra: `
spam_scanners: [{ name: stub, type: spamd, address: "${spamd.address}" }]
spam_tag2_level_maps: [5]
sent_mail: { file: "@FOLDER@/sent.sqlite" }
penpals_bonus_score: 8
penpals_threshold_low: 2
penpals_threshold_high: 50
bounce_killer_score: 20
os_fingerprint_method: "p0f:127.0.0.1:${p0f.address().port}"
`,
  });
});

after(async () => {
  await filter?.close();
  await spamd?.close();
  p0f?.close();
});

async function send(port: number, from: string, to: string, data: string, client = "198.51.100.7"): Promise<string> {
  const before = filter.hop.mails.length;
  const session = await connected(port);
  if (client !== "") assert.match(await session.ask(`XFORWARD ADDR=${client} PORT=4711`), /^250 /);
  assert.match(await submit(session, { from, to: [to], data }), /^250 /);
  session.socket.end("QUIT\r\n");
  return filter.hop.mails[before]?.octets.toString("latin1") ?? "";
}

const incoming = (from: string, score: number) =>
  send(filter.ports.incoming, from, "ann@example.com", mailText(`s${score}`, `SCORE ${score} ${from}\r\n`));

test("whom one of ours wrote to has a bonus, between the thresholds, and the recipient is shown how long ago", async () => {
  await send(filter.ports.originating, "ann@example.com", "joe@pal.example", mailText("hello"), "");
  const known = await incoming("Joe@pal.example", 10);
  assert.match(known, /^X-Spam-Status: No,[\s\S]*?score=2[\s\S]*?AM\.PENPAL=-8/m);
  assert.match(known, /^X-Amavis-PenPals: age 0 00:00:\d\d\r$/m);
  const stranger = await incoming("eve@stranger.example", 10);
  assert.match(stranger, /^X-Spam-Status: Yes,[\s\S]*?score=10/m);
  assert.doesNotMatch(stranger, /PENPAL|PenPals/);
  // The upper threshold is held against what the bonus would leave.
  assert.match(await incoming("joe@pal.example", 58), /AM\.PENPAL/);
  for (const score of [1, 59]) assert.doesNotMatch(await incoming("joe@pal.example", score), /PENPAL/);
  const other = await send(filter.ports.incoming, "joe@pal.example", "bob@example.com", mailText("b", "SCORE 10\r\n"));
  assert.doesNotMatch(other, /PENPAL/, "it is the recipient who wrote");

  await send(filter.ports.originating, "ann@example.com", "bob@example.com", mailText("to a colleague"), "");
  assert.doesNotMatch(await incoming("bob@example.com", 11), /PENPAL/, "from outside anybody can say so");
});

const bounceOf = (messageId: string) =>
  `From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n` +
  `Content-Type: multipart/report; boundary="b"\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n` +
  `From: ann@example.com\r\nMessage-ID: ${messageId}\r\n\r\n--b--\r\n`;

test("a bounce of a mail that we never sent costs points, one of ours does not", async () => {
  const id = "<made-by-a-phone@phone.example>";
  const bounce = (messageId: string) => send(filter.ports.incoming, "", "ann@example.com", bounceOf(messageId));
  assert.match(await bounce(id), /^X-Spam-Status: Yes,[\s\S]*?score=20[\s\S]*?AM\.BOUNCE=20/m);
  const sent = mailText("sent").replace(/Message-ID: .*\r\n/, `Message-ID: ${id}\r\n`);
  await send(filter.ports.originating, "ann@example.com", "joe@pal.example", sent, "");
  assert.doesNotMatch(await bounce(id), /AM\.BOUNCE/);
  assert.doesNotMatch(await bounce("<anything@example.com>"), /AM\.BOUNCE/, "a host of ours");
  assert.match(await bounce("<forged@elsewhere.example>"), /AM\.BOUNCE=20/);
});

test("what p0f says of the client is shown to the recipient and to the spam scanner, and nobody asks about our own users", async () => {
  const mail = await incoming("x@stranger.example", 3);
  assert.match(mail, /^X-Amavis-OS-Fingerprint: Windows XP, \(distance 12\)\r$/m);
  assert.match(asked.at(-1) ?? "", /^\[198\.51\.100\.7\]:4711 [\w-]{16}$/);
  assert.match(spamd.requests.at(-1)?.content.toString("latin1") ?? "", /^X-Amavis-OS-Fingerprint: Windows XP/m);
  const count = asked.length;
  await send(filter.ports.originating, "ann@example.com", "bob@example.com", mailText("no question"));
  assert.equal(asked.length, count);
});

test("with a server that filters share, each knows what went out through the other", async () => {
  const redis = await startFakeRedis();
  const extra = `
redis: { url: "redis://127.0.0.1:${redis.port}", timeout: 30s }
spam_scanners: [{ name: stub, type: spamd, address: "${spamd.address}" }]
spam_tag2_level_maps: [5]
penpals_bonus_score: 8
`;
  const [one, other] = [await startFilter({ extra }), await startFilter({ extra })];
  try {
    for (const each of [one, other]) await each.daemon.line("redis: connected");
    const out = await connected(one.ports.originating);
    assert.match(
      await submit(out, { from: "ann@example.com", to: ["joe@pal.example"], data: mailText("out") }),
      /^250 /,
    );
    out.socket.end("QUIT\r\n");
    await redis.command((words) => words.some((word) => word.includes("sent:")));
    const back = await connected(other.ports.incoming);
    const data = mailText("back", "SCORE 10\r\n");
    assert.match(await submit(back, { from: "joe@pal.example", to: ["ann@example.com"], data }), /^250 /);
    back.socket.end("QUIT\r\n");
    assert.match(other.hop.mails[0]?.octets.toString("latin1") ?? "", /AM\.PENPAL=-8/);
  } finally {
    await one.close();
    await other.close();
    await redis.close();
  }
});

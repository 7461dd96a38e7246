// Who is told of what by the whole daemon, and what leaves for that.
import assert from "node:assert/strict";
import type { Act, ReceivedMail, Step } from "../support/fake-next-hop.ts";
import { connected, type Filter, mailText, type Submission, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;
let script: (step: Step) => Act = () => undefined;

before(async () => {
  filter = await startFilter({ script: (step) => script(step) });
});

after(() => filter?.close());

const refuseSecond = ({ stage, recipient }: Step): Act =>
  stage === "rcpt" && recipient === 2 ? "550 5.1.1 no such user" : undefined;

/** What leaves for one mail. */
async function leaving(port: number, mail: Submission, behaviour = refuseSecond): Promise<readonly ReceivedMail[]> {
  const before = filter.hop.mails.length;
  script = behaviour;
  try {
    const client = await connected(port);
    assert.match(await submit(client, { to: ["one@example.com", "two@example.com"], ...mail }), /^250 /);
    client.socket.end("QUIT\r\n");
  } finally {
    script = () => undefined;
  }
  return filter.hop.mails.slice(before);
}

test("no backscatter: a sender whom nobody vouches for is not told, and the log says why", async () => {
  const left = await leaving(filter.ports.incoming, { from: "victim@victim.example", data: mailText("forged") });
  assert.equal(left.length, 1, "the mail and nothing else");
  assert.doesNotMatch(left[0]?.mail ?? "", /FROM:<>/);
  const line = await filter.daemon.line("Blocked MTA-BLOCKED");
  assert.match(line, /Blocked MTA-BLOCKED \{.*NoBounce.*<victim@victim\.example>.*, dsn_skip=unverified-sender, /);
});

test("a valid signature of the sender's domain vouches for the sender", async () => {
  const [signed] = await leaving(filter.ports.originating, { data: mailText("signed") }, () => undefined);
  assert.ok(signed !== undefined);
  const [mail, dsn, ...more] = await leaving(filter.ports.incoming, { data: signed.octets });
  assert.ok(mail !== undefined);
  assert.deepEqual([dsn?.mail, dsn?.rcpts], ["MAIL FROM:<>", ["RCPT TO:<alice@example.com> NOTIFY=NEVER"]]);
  assert.deepEqual(more, []);
});

test("notifications that come back are not answered, nor are forged ones", async () => {
  const [, dsn] = await leaving(filter.ports.originating, { data: mailText("partly") });
  assert.ok(dsn !== undefined);
  for (const from of ["", "alice@example.com", "mailer-daemon@example.com"]) {
    for (const port of [filter.ports.originating, filter.ports.incoming]) {
      assert.equal((await leaving(port, { from, data: dsn.octets })).length, 1, `from <${from}>`);
    }
  }
});

test("NOTIFY=SUCCESS: a next hop without DSN tells nobody, so we do", async () => {
  const mute = await startFilter({ keywords: ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"] });
  try {
    for (const port of [mute.ports.originating, mute.ports.incoming]) {
      const client = await connected(port);
      await client.ask("MAIL FROM:<alice@example.com> ENVID=x1");
      await client.ask("RCPT TO:<one@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;one+2B@example.com");
      await client.ask("RCPT TO:<two@example.com>");
      await client.ask("DATA");
      assert.match(await client.ask(`${mailText("asked")}.`), /^250 /);
      client.socket.end("QUIT\r\n");
    }
    const [mail, dsn, other, ...more] = mute.hop.mails;
    assert.deepEqual(mail?.rcpts, ["RCPT TO:<one@example.com>", "RCPT TO:<two@example.com>"]);
    assert.deepEqual([dsn?.mail, dsn?.rcpts], ["MAIL FROM:<>", ["RCPT TO:<alice@example.com>"]]);
    const text = dsn?.octets.toString("latin1") ?? "";
    assert.match(text, /^Original-Recipient: rfc822; one\+@example\.com\r$/m);
    assert.match(text, /^Action: relayed\r\nStatus: 2\.0\.0\r$/m);
    assert.doesNotMatch(text, /two@example\.com/);
    assert.match(other?.mail ?? "", /alice/, "who is not vouched for is told nothing");
    assert.deepEqual(more, []);
  } finally {
    await mute.close();
  }
});

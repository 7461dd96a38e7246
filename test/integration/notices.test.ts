// Who is told of what by the whole daemon, and what leaves for that.
import assert from "node:assert/strict";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import type { Act, ReceivedMail, Step } from "../support/fake-next-hop.ts";
import { connected, type Filter, mailText, type Submission, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;
let clamd: FakeClamd;
let script: (step: Step) => Act = () => undefined;

before(async () => {
  clamd = await startFakeClamd();
  clamd.script = ({ octets }) => (octets.includes("STUB-VIRUS") ? "stream: Stub.Virus FOUND" : undefined);
  filter = await startFilter({
    script: (step) => script(step),
    extra: `
av_scanners: [{ name: stub, type: clamd, address: "${clamd.address}" }]
final_virus_destiny: D_PASS
virus_lovers_maps: [{ lover@example.com: true }]
virus_admin_maps: ["alert@notify.example"]
warnvirusrecip_maps: [true]
hdrfrom_notify_admin: alerts@example.com
hdrfrom_notify_recip: "Filter <filter@example.com>"
mailfrom_notify_recip: notices@example.com
warnsender_by_ccat: { CC_BADH: true }
notify_admin_templ_by_ccat: { CC_VIRUS: "Subject: {{category}} {{found}}\\n\\nLook: {{subject}}\\n" }
`,
  });
});

after(async () => {
  await filter?.close();
  await clamd?.close();
});

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

/** What left for one mail by its recipient, notices too; waits for so many. */
async function leftFor(port: number, mail: Submission, count: number): Promise<readonly ReceivedMail[]> {
  const before = filter.hop.mails.length;
  await leaving(port, { to: ["one@example.com"], ...mail }, () => undefined);
  await filter.hop.received(before + count);
  return filter.hop.mails.slice(before);
}

const textOf = ({ octets }: ReceivedMail) => octets.toString("latin1");

test("administrators and recipients are told of a virus, by template and sender as they are set, signed", async () => {
  const left = await leftFor(filter.ports.incoming, { data: mailText("infected", "STUB-VIRUS\r\n") }, 3);
  const [admin] = left.filter(({ rcpts }) => rcpts.join().includes("<alert@notify.example>"));
  const [recipient] = left.filter(({ mail }) => mail.startsWith("MAIL FROM:<notices@example.com>"));
  assert.ok(admin !== undefined && recipient !== undefined);
  assert.equal(left.length, 3);
  assert.deepEqual([admin.mail, admin.rcpts], ["MAIL FROM:<>", ["RCPT TO:<alert@notify.example> NOTIFY=NEVER"]]);
  assert.match(textOf(admin), /^Subject: INFECTED Stub\.Virus\r$/m);
  assert.match(textOf(admin), /^Look: infected\r$/m);
  assert.match(textOf(recipient), /^From: "?Filter"? <filter@example\.com>\r$/m);
  assert.match(recipient.rcpts.join(), /^RCPT TO:<one@example\.com>/);
  for (const notice of [admin, recipient]) {
    assert.match(textOf(notice), /^DKIM-Signature: [\s\S]*d=example\.com/m);
    assert.match(textOf(notice), /^Auto-Submitted: auto-generated\r$/m);
  }
});

test("a sender who is vouched for is warned of a fault, another is not", async () => {
  const data = mailText("faulty").replace("Subject:", "X-Fault: \xe9\r\nSubject:");
  const left = await leftFor(filter.ports.originating, { data }, 2);
  const warning = left.find(({ rcpts }) => rcpts.join().includes("<alice@example.com>"));
  assert.match(warning?.mail ?? "", /^MAIL FROM:<>/);
  assert.equal(
    (await leaving(filter.ports.incoming, { from: "x@victim.example", data, to: ["one@example.com"] })).length,
    1,
  );
});

test("our notices are not answered, infected as they are, nor are forged ones", async () => {
  const left = await leftFor(filter.ports.incoming, { data: mailText("STUB-VIRUS", "STUB-VIRUS\r\n") }, 3);
  const notices = left.filter(({ mail }) => !mail.includes("alice@"));
  assert.equal(notices.length, 2);
  const forged = mailText("forged", "STUB-VIRUS\r\n")
    .replace(/Message-ID: .*/, "Message-ID: <VA-1234567890a@mail.example.com>")
    .replace("Date:", "Auto-Submitted: auto-generated\r\nDate:");
  for (const data of [...notices.map(({ octets }) => octets), forged]) {
    assert.ok(data.includes("STUB-VIRUS"), "it would be told of, were it another's");
    for (const from of ["", "notices@example.com", "mailer-daemon@example.com"]) {
      for (const port of [filter.ports.originating, filter.ports.incoming]) {
        await leaving(port, { from, data, to: ["one@example.com"] }, () => undefined);
      }
    }
  }
  // What is told of the next mail comes behind anything that those had us write.
  const after = await leftFor(filter.ports.incoming, { data: mailText("last", "STUB-VIRUS\r\n") }, 3);
  assert.equal(after.length, 3);
  const answers = filter.hop.mails.filter(
    (mail) => textOf(mail).includes("forged") && mail.rcpts.join().includes("alert@"),
  );
  assert.deepEqual(answers, []);
});

test("a notice that is not taken is in the log", async () => {
  const refuse = ({ stage, line }: Step): Act =>
    stage === "rcpt" && line.includes("alert@notify.example") ? "550 5.1.1 no such user" : undefined;
  const client = await connected(filter.ports.incoming);
  script = refuse;
  assert.match(await submit(client, { data: mailText("lost", "STUB-VIRUS\r\n") }), /^250 /);
  assert.match(
    await filter.daemon.line("is lost"),
    /admin notice to <alert@notify\.example> is lost: refused by the next hop/,
  );
  script = () => undefined;
  client.socket.end("QUIT\r\n");
});

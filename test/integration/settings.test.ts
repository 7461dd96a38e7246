// Settings that show only in the whole daemon: what leaves, and what clients are told.
import assert from "node:assert/strict";
import type { Act, Step } from "../support/fake-next-hop.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;
let script: (step: Step) => Act = () => undefined;

before(async () => {
  filter = await startFilter({
    script: (step) => script(step),
    originating: "localhost_name: list.example, propagate_dsn_if_possible: false, soft_bounce: true",
    extra: 'hdrfrom_notify_sender: "Mail desk <desk@mail.example.com>"',
  });
});

after(() => filter?.close());

async function withHop(behaviour: typeof script, run: () => Promise<void>): Promise<void> {
  script = behaviour;
  try {
    await run();
  } finally {
    script = () => undefined;
  }
}

const refuse = (recipient: number) => (step: Step) =>
  step.stage === "rcpt" && step.recipient === recipient ? "550 5.1.1 no such user" : undefined;

const three = ["one@example.com", "two@example.com", "three@example.com"];

test("the next hop hears the name of the bank in force", async () => {
  for (const port of [filter.ports.incoming, filter.ports.originating]) {
    const client = await connected(port);
    assert.match(await submit(client, { data: mailText("name") }), /^250 /);
    client.socket.end("QUIT\r\n");
  }
  const names = new Set(filter.hop.lines.filter((line) => line.startsWith("EHLO")));
  assert.deepEqual(names, new Set(["EHLO localhost", "EHLO list.example"]));
});

test("DSN parameters are passed on, but not where propagate_dsn_if_possible is off", async () => {
  const before = filter.hop.mails.length;
  for (const port of [filter.ports.incoming, filter.ports.originating]) {
    const client = await connected(port);
    await client.ask("MAIL FROM:<alice@example.com> BODY=8BITMIME RET=HDRS ENVID=x1");
    await client.ask("RCPT TO:<one@example.com> NOTIFY=SUCCESS ORCPT=rfc822;one@example.com");
    await client.ask("DATA");
    assert.match(await client.ask(`${mailText("dsn")}.`), /^250 /);
    client.socket.end("QUIT\r\n");
  }
  assert.deepEqual(
    filter.hop.mails.slice(before).map(({ mail, rcpts }) => [mail, ...rcpts]),
    [
      [
        "MAIL FROM:<alice@example.com> BODY=8BITMIME RET=HDRS ENVID=x1",
        "RCPT TO:<one@example.com> NOTIFY=SUCCESS ORCPT=rfc822;one@example.com",
      ],
      ["MAIL FROM:<alice@example.com> BODY=8BITMIME", "RCPT TO:<one@example.com>"],
      // The request stays with us, so we answer it.
      ["MAIL FROM:<>", "RCPT TO:<alice@example.com> NOTIFY=NEVER"],
    ],
  );
});

test("a notification comes from hdrfrom_notify_sender", async () => {
  await withHop(refuse(2), async () => {
    const client = await connected(filter.ports.nochecks);
    assert.match(await submit(client, { data: mailText("desk"), to: three }), /^250 .*but 1 REJECT$/);
    client.socket.end("QUIT\r\n");
  });
  assert.match(
    filter.hop.mails.at(-1)?.octets.toString("latin1") ?? "",
    /^From: "Mail desk" <desk@mail\.example\.com>\r$/m,
  );
});

test("with soft_bounce nobody is refused for good: the client comes again, no DSN is sent, nothing is sent twice", async () => {
  const before = filter.hop.mails.length;
  await withHop(refuse(2), async () => {
    const client = await connected(filter.ports.originating);
    assert.match(await submit(client, { data: mailText("soft"), to: three }), /^450 4\.1\.1 id=\S+ - .*no such user$/);
    assert.match(await client.ask("NONSENSE"), /^450 4\.5\.2 /);
    client.socket.end("QUIT\r\n");
  });
  assert.equal(filter.hop.mails.length, before);
  await withHop(
    ({ stage }) => (stage === "dot" ? "554 5.7.1 no" : undefined),
    async () => {
      const client = await connected(filter.ports.originating);
      assert.match(await submit(client, { data: mailText("soft") }), /^450 4\.7\.1 /);
      client.socket.end("QUIT\r\n");
    },
  );
});

test("a mail's checks share dns.message_lookups", async () => {
  const own = await startFilter({
    dns: ", message_lookups: 3",
    extra: "enable_spf_verification: true\nenable_dmarc_verification: true",
  });
  try {
    const client = await connected(own.ports.incoming);
    const signature = (domain: string) =>
      `DKIM-Signature: v=1; a=rsa-sha256; d=${domain}; s=x; h=from; bh=${"A".repeat(43)}=; b=AAAA\r\n`;
    await client.ask("XFORWARD ADDR=192.0.2.1");
    const mail = [1, 2, 3, 4].map((n) => signature(`n${n}.example`)).join("") + mailText("lookups");
    assert.match(await submit(client, { data: mail, from: "joe@spf.example" }), /^250 /);
    client.socket.end("QUIT\r\n");
    const asked = own.dns.asked.map(({ name }) => name);
    assert.deepEqual(
      asked.sort(),
      [1, 2, 3].map((n) => `x._domainkey.n${n}.example`),
    );
    const results = own.hop.mails[0]?.octets.toString("latin1") ?? "";
    assert.match(results, /spf=temperror/);
    assert.match(results, /dmarc=temperror/);
  } finally {
    await own.close();
  }
});

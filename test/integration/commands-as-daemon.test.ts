// `check` and `sign` say of a file what the daemon does with the same mail.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "../../src/cli/check.ts";
import { sign } from "../../src/cli/sign.ts";
import { connected, type Filter, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { run } from "../unit/cli/run.ts";

let filter: Filter;
before(async () => {
  filter = await startFilter({ extra: "enable_dmarc_verification: true\nenable_spf_verification: true" });
});
after(() => filter.close());

const date = "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n";
const foreign = `From: joe@elsewhere.test\r\nTo: one@example.com\r\n${date}Subject: hi\r\n\r\nhello\r\n`;
const own = `From: alice@example.com\r\nTo: bob@elsewhere.test\r\n${date}Subject: hi\r\n\r\nhello\r\n`;

interface Case {
  readonly name: string;
  readonly data: string;
  readonly door: "incoming" | "originating";
  readonly client?: string;
  readonly from?: string;
  readonly to: string;
}

const cases: readonly Case[] = [
  { name: "mail of others", data: foreign, door: "incoming", to: "one@example.com" },
  { name: "mail of others to others", data: foreign, door: "incoming", to: "eve@elsewhere.test" },
  {
    name: "with a client that SPF is asked about",
    data: foreign,
    door: "incoming",
    client: "198.51.100.7",
    from: "joe@elsewhere.test",
    to: "two@example.com",
  },
  {
    name: "results in our name are not ours",
    data: `Authentication-Results: mail.example.com; dkim=pass\r\nAuthentication-Results: other.test; dkim=pass\r\n${foreign}`,
    door: "incoming",
    to: "one@example.com",
  },
  { name: "our own mail to one of us", data: own, door: "originating", to: "one@example.com" },
  { name: "our own mail by our networks", data: own, door: "incoming", client: "192.0.2.8", to: "one@example.com" },
  { name: "our own mail to others", data: own, door: "originating", to: "bob@elsewhere.test" },
];

for (const { name, data, door, client, from = "alice@example.com", to } of cases) {
  test(`check prints the Authentication-Results of the daemon: ${name}`, async () => {
    const smtp = await connected(filter.ports[door]);
    if (client !== undefined) await smtp.ask(`XFORWARD ADDR=${client} HELO=client.example`);
    assert.match(await submit(smtp, { from, to: [to], data }), /^250 /);
    smtp.socket.end();
    const header = filter.hop.mails.at(-1)?.octets.toString("latin1").split("\r\n\r\n")[0] ?? "";
    const written = [...header.matchAll(/^Authentication-Results: mail\.example\.com;(?:.|\r\n\t)*/gm)].map(
      ([all]) => all,
    );

    const { folder } = filter.daemon;
    writeFileSync(join(folder, "m.eml"), data);
    const args = ["--config", "signpost.yaml", "--port", `${filter.ports[door]}`, "--mail-from", from, "--rcpt-to", to];
    if (client !== undefined) args.push("--client", client, "--helo", "client.example");
    const { stdout, stderr } = await run(check, [...args, "m.eml"], folder);
    assert.equal(stderr, "");
    if (written.length === 0) assert.match(stdout, /no Authentication-Results: no recipient is local/);
    const printed = [...stdout.matchAll(/^ {2}(Authentication-Results: (?:.|\n {2}\t)*)/gm)].map(([, text = ""]) =>
      text.replaceAll("\n  ", "\r\n"),
    );
    assert.deepEqual(printed, written);
    const told = JSON.parse((await run(check, [...args, "--json", "m.eml"], folder)).stdout);
    assert.equal(told.recipients[0].authenticationResults, written.length === 1);
    if (written.length === 1) assert.equal(told.authenticationResults, `${written[0]}\r\n`);
  });
}

/** Names of fields, and what of them does not depend on time and key. */
function shapeOf(header: string): string {
  return header
    .replace(/\b(b|t|x)=[^;]*/g, "$1=")
    .replace(/ id [\w-]+(?=;|\s)/g, " id ")
    .replace(/;\r\n \w{3}, \d.*/g, "; date")
    .replaceAll("\r\n\t", " ")
    .replace(/from \S+ \(\[[^\]]*\]\)|from \S+ \([^)]*\)/g, "from");
}

const signed: readonly Pick<Case, "name" | "data" | "door" | "client" | "to">[] = [
  { name: "by the bank of a port", data: own, door: "originating", to: "bob@elsewhere.test" },
  { name: "to one of us", data: own, door: "originating", client: "192.0.2.8", to: "one@example.com" },
  { name: "by our networks", data: own, door: "incoming", client: "192.0.2.8", to: "bob@elsewhere.test" },
];

for (const { name, data, door, client, to } of signed) {
  test(`sign prints what the daemon sends: ${name}`, async () => {
    const smtp = await connected(filter.ports[door]);
    if (client !== undefined) await smtp.ask(`XFORWARD ADDR=${client} HELO=client.example`);
    assert.match(await submit(smtp, { to: [to], data }), /^250 /);
    smtp.socket.end();
    const sent = filter.hop.mails.at(-1)?.octets.toString("latin1") ?? "";

    const { folder } = filter.daemon;
    writeFileSync(join(folder, "m.eml"), data);
    const now = `${Math.floor(Date.now() / 1000)}`;
    const args = ["--config", "signpost.yaml", "--port", `${filter.ports[door]}`, "--rcpt-to", to, "--now", now];
    if (client !== undefined) args.push("--client", client, "--helo", "client.example");
    const { stdout, stderr } = await run(sign, [...args, "m.eml"], folder);
    assert.equal(stderr, "");
    assert.match(stdout, /^DKIM-Signature: /);
    assert.equal(shapeOf(stdout), shapeOf(sent));
  });
}

test("sign assumes the path of our own mail: its port, this machine, those whom To names", async () => {
  const { folder } = filter.daemon;
  const { ports } = filter;
  const printed = async (text: string, config: string) => {
    writeFileSync(join(folder, "m.eml"), text);
    writeFileSync(join(folder, "own.yaml"), config);
    return (await run(sign, ["--config", "own.yaml", "m.eml"], folder)).stdout;
  };
  const outward = await printed(own, filter.config);
  assert.match(outward, new RegExp(`\\(signpost, port ${ports.originating}\\)`));
  assert.match(outward, /for <bob@elsewhere\.test>;/);
  assert.doesNotMatch(outward, /^Authentication-Results:/m);
  // Without that bank it is mail of this machine, which is inside mynetworks by default.
  const plain = filter.config
    .replace(/^ {2}ORIGINATING: .*\n/m, "")
    .replace(/^(mynetworks|interface_policy): .*\n/gm, "");
  assert.match(await printed(own, plain), /^DKIM-Signature: /);
  assert.match(await printed(own.replace(/^To: .*\r\n/m, ""), filter.config), /for <recipient@elsewhere\.invalid>;/);
  // Of two messages the one for others is printed.
  const both = await printed(own.replace("To: ", "To: one@example.com, "), filter.config);
  assert.match(both, /^DKIM-Signature: /);
  assert.doesNotMatch(both, /^Authentication-Results:/m);
  assert.match(
    await printed(own.replace("bob@elsewhere.test", "one@example.com"), filter.config),
    /^Authentication-Results:/m,
  );
});

test("check assumes mail from outside to somebody of ours", async () => {
  const { folder } = filter.daemon;
  writeFileSync(join(folder, "m.eml"), foreign.replace("To: ", "To: eve@elsewhere.test, "));
  writeFileSync(join(folder, "none.eml"), foreign.replace(/^To: .*\r\n/m, ""));
  // The machine's own mail is ours here, mail of a client that nobody told of is not.
  writeFileSync(join(folder, "own.yaml"), filter.config.replace("[192.0.2.0/24]", "[192.0.2.0/24, 0.0.0.0/8]"));
  const told = async (...args: string[]) =>
    JSON.parse((await run(check, ["--config", "own.yaml", "--json", ...args], folder)).stdout);
  const named = await told("m.eml");
  assert.deepEqual(
    named.recipients.map(({ address }: { address: string }) => address),
    ["one@example.com"],
  );
  assert.deepEqual([named.originating, named.recipients[0].authenticationResults], [false, true]);
  assert.equal((await told("--client", "[UNAVAILABLE]", "m.eml")).originating, true);
  assert.deepEqual((await told("none.eml")).recipients[0].address, "postmaster@mail.example.com");
});

// Releases and copies by mail whose way leads past the filter again: they arrive once, marked, and are not caught again; nobody else
// can have a mail pass that way.
import assert from "node:assert/strict";
import { signpost } from "../support/command.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import type { Act, Step } from "../support/fake-next-hop.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { filesBelow } from "../support/quarantine.ts";

let filter: Filter;
let clamd: FakeClamd;
let script: (step: Step) => Act = () => undefined;
let again: number;

before(async () => {
  clamd = await startFakeClamd();
  clamd.script = ({ octets }) => (octets.includes("STUB-VIRUS") ? "stream: Stub.Virus FOUND" : undefined);
  again = await freePort();
  filter = await startFilter({
    script: (step) => script(step),
    extra: `
control: { socket: '@FOLDER@/control.sock' }
listen_sockets: [127.0.0.1:${again}]
QUARANTINEDIR: '@FOLDER@/quarantine'
quarantine_subdir_levels: 0
virus_quarantine_method: "local:%m"
virus_quarantine_to_maps: [{ two@example.com: q@example.com, .: virus-quarantine }]
final_destiny_maps_by_ccat: { CC_VIRUS: [{ two@example.com: D_PASS, .: D_DISCARD }] }
av_scanners: [{ name: stub, type: clamd, address: "${clamd.address}" }]
release_method: "smtp:[127.0.0.1]:${again}"
`,
  });
});

after(async () => {
  await filter?.close();
  await clamd?.close();
});

const infected = (subject: string) => mailText(subject, "STUB-VIRUS\r\n");

async function send(data: string | Buffer, to: string, port = filter.ports.incoming): Promise<string> {
  const client = await connected(port);
  const reply = await submit(client, { to: [to], data });
  client.socket.end("QUIT\r\n");
  return reply;
}

const copies = () =>
  [...filesBelow(`${filter.daemon.folder}/quarantine`).keys()].filter((name) => !name.startsWith("."));

test("a release that comes past us arrives once, marked, and is not caught again", async () => {
  assert.match(await send(infected("caught"), "one@example.com"), /^250 2\.7\.0 Ok, discarded/);
  const [mailId = "", another] = copies();
  assert.equal(another, undefined);
  const before = filter.hop.mails.length;
  const { stdout, code } = await signpost("quarantine", "release", mailId, "--config", filter.daemon.configFile);
  assert.equal(code, 0, stdout);
  const [mail, more] = filter.hop.mails.slice(before);
  assert.ok(mail !== undefined && more === undefined);
  const text = mail.octets.toString("latin1");
  assert.match(text, new RegExp(`^X-Amavis-Released: <${mailId}>\r$`, "m"));
  assert.doesNotMatch(text, /X-Signpost-Pass|X-Amavis-Alert|DKIM-Signature/);
  assert.ok(text.endsWith(infected("caught")));
  assert.equal(copies().length, 1, "no copy of the release");
  const twice = await signpost("quarantine", "release", mailId, "--config", filter.daemon.configFile);
  assert.equal(twice.code, 1);
  assert.equal(filter.hop.mails.length, before + 1);
});

test("nobody else can write what lets a mail pass", async () => {
  const forged = infected("forged").replace(/^/, `X-Signpost-Pass: t5bDoRaO1a6J mx2efyqs ${"A".repeat(43)}\r\n`);
  for (const port of [filter.ports.incoming, filter.ports.originating, again]) {
    assert.match(await send(forged, "one@example.com", port), /^250 2\.7\.0 Ok, discarded/);
  }
});

test("a copy by mail passes where its way leads past us; once, though the mail comes again after a 4xx", async () => {
  const before = filter.hop.mails.length;
  script = ({ stage, line }) => (stage === "rcpt" && line.includes("two@example.com") ? "450 4.2.0 busy" : undefined);
  assert.match(await send(infected("copied"), "two@example.com"), /^450 /);
  assert.match(await send(infected("copied"), "two@example.com"), /^450 /);
  script = () => undefined;
  assert.match(await send(infected("copied"), "two@example.com"), /^250 /);
  const [copy, mail, more] = filter.hop.mails.slice(before);
  assert.ok(copy !== undefined && mail !== undefined && more === undefined);
  assert.match(copy.rcpts.join(), /<q@example\.com>/);
  // The mail store of the address hands it to us once more.
  assert.match(copy.octets.toString("latin1"), /^X-Signpost-Pass: /m);
  for (const port of [filter.ports.incoming, filter.ports.originating]) {
    assert.match(await send(copy.octets, "q@example.com", port), /^250 2\.0\.0 from MTA/);
    assert.doesNotMatch(filter.hop.mails.at(-1)?.octets.toString("latin1") ?? "DKIM-Signature", /DKIM-Signature/);
  }
  const changed = copy.octets.toString("latin1").replace("STUB-VIRUS", "STUB-VIRUS, and more");
  assert.match(await send(changed, "q@example.com"), /^250 2\.7\.0 Ok, discarded/);
});

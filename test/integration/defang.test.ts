// Mail that passes as an attachment, through the whole daemon: signed after it was wrapped, hashed anew where it was long.
import assert from "node:assert/strict";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;
let clamd: FakeClamd;

before(async () => {
  clamd = await startFakeClamd();
  clamd.script = ({ octets }) => (octets.includes("STUB-VIRUS") ? "stream: Stub.Virus FOUND" : undefined);
  filter = await startFilter({
    spool: 'dir: "@FOLDER@", free_space: 1M, message_memory: 64k',
    extra: `
av_scanners: [{ name: stub, type: clamd, address: "${clamd.address}" }]
final_virus_destiny: D_PASS
defang_virus: true
`,
  });
});

after(async () => {
  await filter?.close();
  await clamd?.close();
});

async function send(port: number, data: string | Buffer, to: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const before = filter.hop.mails.length;
  const client = await connected(port);
  assert.match(await submit(client, { to, data }), /^250 /);
  client.socket.end("QUIT\r\n");
  const left = filter.hop.mails.slice(before);
  return new Map(left.map(({ rcpts, octets }) => [/<(.*?)>/.exec(rcpts.join())?.[1] ?? "", octets.toString("latin1")]));
}

function headerOf(mail: string): string {
  return mail.slice(0, mail.indexOf("\r\n\r\n"));
}

for (const [title, body] of [
  ["short", "STUB-VIRUS\r\n"],
  ["hashed while it arrives", `STUB-VIRUS\r\n${"x".repeat(76)}\r\n`.repeat(30_000)],
] as const) {
  test(`the signature is of the new mail: ${title}`, async () => {
    const original = mailText(title, body);
    const left = await send(filter.ports.originating, original, ["one@example.com", "out@elsewhere.example"]);
    assert.equal(left.size, 2);
    const wrapped = left.get("one@example.com") ?? "";
    const plain = left.get("out@elsewhere.example") ?? "";
    assert.match(headerOf(wrapped), /^X-Amavis-Modified: Original mail wrapped as attachment/m);
    assert.ok(wrapped.includes(`\r\n\r\n${original}\r\n------------=_`), "as it came");
    assert.doesNotMatch(headerOf(plain), /X-Amavis-Modified/);
    assert.ok(plain.endsWith(original), "who is elsewhere gets it plain");
    for (const mail of [wrapped, plain]) {
      const back = await send(filter.ports.incoming, mail, ["two@example.com"]);
      const header = headerOf(back.get("two@example.com") ?? "");
      assert.match(header, /^Authentication-Results: [\s\S]*?dkim=pass/m);
      assert.doesNotMatch(header, /dkim=fail/);
    }
  });
}

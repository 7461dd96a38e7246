// Folders that somebody sweeps away under a daemon that runs, as a cron job does with those of temporary files: mail that
// needs one is put off or has it made anew, other mail passes, and all is well once it is back.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { filesBelow } from "../support/quarantine.ts";

let filter: Filter;
let spool = "";

before(async () => {
  spool = await mkdtemp(join(tmpdir(), "signpost-swept-"));
  filter = await startFilter({
    spool: `dir: "${spool}", free_space: 1M, message_memory: 64k`,
    extra:
      "QUARANTINEDIR: '@FOLDER@/quarantine'\n" +
      'archive_quarantine_method: "local:archive-%m"\n' +
      "archive_quarantine_to_maps: [{ one@example.com: archive-quarantine }]",
  });
});

after(async () => {
  await filter?.close();
  await rm(spool, { recursive: true, force: true });
});

async function send(subject: string, to: string, octets = 100): Promise<string> {
  const client = await connected(filter.ports.originating);
  const data = mailText(subject, `${"x".repeat(70)}\r\n`.repeat(Math.ceil(octets / 72)));
  const reply = await submit(client, { to: [to], data });
  client.socket.end("QUIT\r\n");
  return reply;
}

test("without its spool folder mail that needs a file is put off and other mail passes, until the folder is back", async () => {
  assert.match(await send("large", "two@example.com", 300_000), /^250 /);
  await rm(spool, { recursive: true });
  const arrived = filter.hop.mails.length;
  assert.match(await send("large without", "two@example.com", 300_000), /^45[12] /);
  assert.equal(filter.hop.mails.length, arrived);
  assert.match(await send("small without", "two@example.com"), /^250 /);
  await mkdir(spool);
  assert.match(await send("large again", "two@example.com", 300_000), /^250 /);
  assert.equal(filter.hop.mails.length, arrived + 2);
});

test("without its folder a copy is owed: the mail has one whole copy, or is put off until the folder is back", async () => {
  const kept = join(filter.daemon.folder, "quarantine");
  assert.match(await send("kept", "one@example.com"), /^250 /);
  assert.equal(copiesOf("kept"), 1);
  await rm(kept, { recursive: true });
  const reply = await send("swept", "one@example.com");
  if (reply.startsWith("250 ")) assert.equal(copiesOf("swept"), 1);
  else assert.match(reply, /^45[12] /);
  await mkdir(kept, { recursive: true });
  if (!reply.startsWith("250 ")) assert.match(await send("swept", "one@example.com"), /^250 /);
  assert.equal(copiesOf("swept"), 1);

  function copiesOf(subject: string): number {
    const isOf = ([name, text]: readonly [string, string]) =>
      name.includes("archive-") && text.includes(`\nSubject: ${subject}\n`);
    return [...filesBelow(kept)].filter(isOf).length;
  }
});

// What looking into mail costs a mail whose bank bypasses all of it, counted instead of timed: V8 counts the calls of every
// function of a running daemon, and of those that take apart and scan none is called for such mail.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDaemonProcess } from "../support/daemon.ts";
import { startFakeClamd } from "../support/fake-clamd.ts";
import { startFakeNextHop } from "../support/fake-next-hop.ts";
import { startFakeSpamd } from "../support/fake-spamd.ts";
import { connected, mailText, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { test } from "../support/limited.ts";

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** More than any function is called while the modules are loaded: signatures of types are made by one. */
const mails = 150;
const looksInto = /\/src\/(?:mime|scanners|verdicts)\/|\/src\/pool\/(?:content-pool|known-parts)\./;

/** "scanners/clamd.ts scan": functions of what looks into mail that were called for each mail or more often. */
async function calledPerMail(bank: string): Promise<readonly string[]> {
  const [clamd, spamd, hop] = [await startFakeClamd(), await startFakeSpamd(), await startFakeNextHop()];
  const folder = await mkdtemp(join(tmpdir(), "signpost-coverage-"));
  const port = await freePort();
  try {
    const daemon = await startDaemonProcess(
      `
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
enable_dkim_verification: false
inet_socket_port: [${port}]
inet_socket_bind: [127.0.0.1]
forward_method: "smtp:[127.0.0.1]:${hop.port}"
notify_method: "smtp:[127.0.0.1]:${hop.port}"
banned_filename_re: [["(?i)\\\\.exe$", true]]
av_scanners: [{ name: ClamAV, type: clamd, address: "${clamd.address}" }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${spamd.address}" }]
interface_policy: { "${port}": IT }
policy_bank: { IT: { ${bank} } }
spool: { dir: "@FOLDER@" }
`,
      "signpost.yaml",
      { env: { NODE_V8_COVERAGE: folder } },
    );
    const client = await connected(port);
    for (let at = 0; at < mails; at += 1)
      assert.match(await submit(client, { data: mailText(`mail ${at}`, `Body ${at}\r\n`) }), /^250 /);
    await client.ask("QUIT");
    assert.equal(await daemon.stop(), 0);
    assert.equal(hop.mails.length, mails);
    return called(folder);
  } finally {
    for (const fake of [clamd, spamd, hop]) await fake.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function called(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((file) => {
    const { result }: Coverage = JSON.parse(readFileSync(join(folder, file), "utf8"));
    return result
      .filter(({ url }) => looksInto.test(url))
      .flatMap(({ url, functions }) =>
        functions
          .filter(({ ranges }) => (ranges[0]?.count ?? 0) >= mails)
          .map(({ functionName }) => `${url.replace(/.*\/src\//, "")} ${functionName}`),
      );
  });
}

const bypass =
  "bypass_banned_checks_maps: [true], bypass_virus_checks_maps: [true], bypass_spam_checks_maps: [true], bypass_header_checks_maps: [true]";

test("mail whose bank bypasses everything meets no function of what looks into mail", async () => {
  assert.deepEqual(await calledPerMail(bypass), []);
});

test("mail whose bank bypasses nothing meets them: the count sees what it should", async () => {
  const found = await calledPerMail("");
  for (const name of ["mime/mail-walk.ts createMailWalk", "verdicts/verdict-key.ts verdictKey"])
    assert.ok(found.includes(name), `${name} in ${found.join(", ")}`);
});

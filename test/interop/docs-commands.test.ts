// Every block of the pages is run: commands as they are printed, on a mail server that is thrown away; configurations and
// pieces of other programs' files by those who read them; examples of output are held against what is put out. A block that
// none of it has an entry for is a failure.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseDmarcRecord } from "../../src/checks/dmarc-record.ts";
import { createFixedResolver, parseFixedZone } from "../../src/dns/fixed-zone.ts";
import { evaluateSpf } from "../../workers/mailauth-spf.ts";
import { signpost } from "../support/command.ts";
import { allPages, isConfiguration, type PageBlock, pageBlocks } from "../support/document-blocks.ts";
import { test } from "../support/limited.ts";
import { type RunBlock, scenarios } from "../support/page-scenarios.ts";
import { missingProgram, namespacesDenied, skipWithout } from "../support/peers.ts";
import { postfixMissing } from "../support/postfix.ts";
import { startRedisServer } from "../support/redis-server.ts";

const top = join(import.meta.dirname, "../..");
const missing = await postfixMissing();
const skip = missing === undefined ? (namespacesDenied() ?? false) : skipWithout(missing);

function blockOf({ page, begins }: { readonly page: string; readonly begins: string }): PageBlock {
  const found = pageBlocks(page).filter(({ text }) => text.startsWith(begins));
  assert.equal(found.length, 1, `${page} has ${found.length} blocks that begin with: ${begins}`);
  return found[0] as PageBlock;
}

/** The block with what happens around it, for a shell. */
function stepsOf(row: RunBlock): string {
  const { page, text, line } = blockOf(row);
  let printed = text;
  for (const [from, to] of Object.entries(row.put ?? {})) {
    assert.ok(printed.includes(from), `${page}:${line} has no "${from}"`);
    printed = printed.replaceAll(from, to);
  }
  const lines = printed.split("\n").flatMap((each) => {
    const then = Object.entries(row.between ?? {}).filter(([begins]) => each.startsWith(begins));
    return [each, ...then.map(([, step]) => step)];
  });
  return [row.before ?? "", `say "${page}: ${row.begins}"`, ...lines, row.after ?? "", ""].join("\n");
}

/** What `page-scenarios` and the tests of this file run, and what the tables below say of the rest. */
const entries: { readonly page: string; readonly begins: string }[] = scenarios.flatMap(({ blocks }) => blocks);

async function runSteps(steps: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-pages-"));
  try {
    const file = join(folder, "steps");
    await writeFile(file, steps);
    const namespaces = ["--mount", "--net", "--uts", "--pid", "--fork", "--kill-child"];
    return await new Promise((settle) => {
      const child = execFile(
        "unshare",
        [...namespaces, "sh", join(top, "test/support/throwaway-root.sh"), folder, top, file],
        { maxBuffer: 64 * 1024 ** 2, timeout: 540_000, killSignal: "SIGKILL" },
        (_, stdout, stderr) => settle({ code: child.exitCode, output: `${stdout}${stderr}` }),
      );
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

for (const { title, setUp, blocks } of scenarios) {
  test(title, { skip, timeout: 600_000 }, async () => {
    const steps = [". /checkout/test/support/docs-stage.sh", setUp, ...blocks.map(stepsOf), "say done"].join("\n");
    const { code, output } = await runSteps(steps);
    assert.equal(code, 0, output);
    assert.match(output, /^== done$/m);
  });
}

const run = promisify(execFile);

/** A block that some other program reads: its text is given to `how`. */
function read(
  page: string,
  begins: string,
  needs: string | undefined,
  how: (text: string, folder: string) => Promise<void>,
): void {
  entries.push({ page, begins });
  const missing = needs === undefined ? undefined : missingProgram(needs);
  test(`${page}: ${begins} ...`, { skip: skipWithout(missing) }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "signpost-pages-"));
    try {
      await how(blockOf({ page, begins }).text, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

read("docs/install.md", "sha256sum --check", "sha256sum", async (text, folder) => {
  await writeFile(join(folder, "signpost.tgz"), "x");
  await run("sh", ["-c", "sha256sum signpost.tgz > SHA256SUMS; echo 00 absent >> SHA256SUMS"], { cwd: folder });
  const { stdout } = await run("sh", ["-euc", text], { cwd: folder });
  assert.equal(stdout, "signpost.tgz: OK\n");
});

read("docs/metrics.md", "scrape_configs:", "promtool", async (text, folder) => {
  const file = join(folder, "prometheus.yml");
  await writeFile(file, text.replace("/etc/signpost/grafana", join(top, "grafana")));
  const { stdout } = await run("promtool", ["check", "config", file]);
  assert.match(stdout, /SUCCESS: .*prometheus\.yml is valid/);
});

for (const begins of ["loadplugin Mail", "add_header all"]) {
  read("docs/scanners.md", begins, "spamassassin", async (text) => {
    const lines = text
      .trim()
      .split("\n")
      .map((line) => `--cf=${line}`);
    const { stdout, stderr } = await run("spamassassin", ["--lint", ...lines]);
    assert.equal(stdout + stderr, "");
  });
}

for (const [begins, service] of [
  ["submission inet", "submission/inet"],
  ["pickup unix", "pickup/unix"],
  ["smtp inet", "smtp/inet"],
] as const) {
  read("docs/postfix.md", begins, "postconf", async (text, folder) => {
    await writeFile(join(folder, "main.cf"), "compatibility_level = 3.6\n");
    await writeFile(join(folder, "master.cf"), text);
    const { stdout, stderr } = await run("postconf", ["-c", folder, "-P"]);
    assert.equal(stderr, "");
    const told = [...text.matchAll(/-o (\w+)=(.*)/g)].map(([, name, value]) => `${service}/${name} = ${value}`);
    assert.deepEqual(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.trimEnd())
        .sort(),
      told.map((line) => line.trimEnd()).sort(),
    );
  });
}

read("docs/postfix.md", "[mta]", "python3", async (text) => {
  const program =
    "import configparser,sys; c=configparser.ConfigParser(); c.read_string(sys.argv[1]); print(dict(c['mta']))";
  const { stdout } = await run("python3", ["-c", program, text]);
  assert.equal(stdout, "{'smtp_host': '127.0.0.1', 'smtp_port': '10028'}\n");
});

read("docs/scaling.md", "ACL SETUSER", "redis-server", async (text) => {
  const redis = await startRedisServer();
  try {
    const { stdout } = await run("redis-cli", ["-p", String(redis.port), ...text.trim().split(" ")]);
    assert.equal(stdout, "OK\n");
  } finally {
    await redis.close();
  }
});

read("docs/notices.md", "Subject: {{category}}", undefined, async (text, folder) => {
  await writeFile(join(folder, "virus-admin.txt"), text);
  const { text: setting } = blockOf({ page: "docs/notices.md", begins: "notify_virus_admin_templ:" });
  await writeFile(join(folder, "signpost.yaml"), setting);
  const { stderr } = await signpost("check-config", "--config", join(folder, "signpost.yaml"));
  assert.doesNotMatch(stderr, /error|virus-admin/);
});

read("docs/dns.md", "example.org.        TXT", undefined, async (text) => {
  const records = [...text.matchAll(/^(\S+)\.\s+TXT\s+"(.*)"$/gm)].map(([, name = "", record = ""]) => ({
    name,
    record,
  }));
  const [spf, dmarc] = records;
  assert.deepEqual([spf?.name, dmarc?.name], ["example.org", "_dmarc.example.org"]);
  const zone = {
    [spf?.name ?? ""]: { TXT: [[spf?.record ?? ""]], MX: [[10, "mx.example.org"]] },
    "mx.example.org": { A: ["192.0.2.1"] },
  };
  const resolve = createFixedResolver(parseFixedZone(zone));
  const job = { address: "192.0.2.1", helo: "mx.example.org", sender: "a@example.org", receiver: "x" };
  assert.equal((await evaluateSpf(job, resolve)).result, "pass");
  assert.equal((await evaluateSpf({ ...job, address: "192.0.2.2" }, resolve)).result, "fail");
  assert.notEqual(parseDmarcRecord("rfc9989", dmarc?.record ?? ""), "unusable");
});

read("docs/scaling.md", "            process", undefined, async (text) => {
  const sums = [0, 0];
  const terms = [...text.matchAll(/(\d+)\/s x ([\d.]+) ms =\s+(\d+) ms/g)];
  assert.equal(terms.length, 4);
  for (const [index, [, rate, each, said]] of terms.entries()) {
    assert.equal(Math.round(Number(rate) * Number(each)), Number(said));
    sums[index % 2] = (sums[index % 2] ?? 0) + Number(said);
  }
  assert.match(text, new RegExp(`each second +${sums[0]} ms +${sums[1]} ms`));
});

/** Blocks that other tests run, and the file that reads them from the page. */
const elsewhere = [
  { page: "docs/destinies.md", begins: "author_to_policy_bank_maps:", by: "test/integration/whitelisting.test.ts" },
  { page: "docs/destinies.md", begins: "@author_to_policy_bank_maps", by: "test/integration/whitelisting.test.ts" },
  { page: "docs/install.md", begins: "apt install ./signpost_VERSION", by: "test/interop/debian-package.test.ts" },
  { page: "docs/install.md", begins: "apt install ./signpost_NEW", by: "test/interop/debian-package.test.ts" },
  { page: "docs/install.md", begins: "apt install --allow-downgrades", by: "test/interop/debian-package.test.ts" },
  { page: "docs/install.md", begins: "signpost postfix --undo      #", by: "test/interop/debian-package.test.ts" },
  { page: "docs/install.md", begins: "tar -xf", by: "test/interop/debian-package.test.ts" },
  { page: "docs/install.md", begins: "ln -sfn signpost-NEW", by: "test/interop/debian-package.test.ts" },
  { page: "docs/install.md", begins: "signpost postfix --undo\n", by: "test/interop/debian-package.test.ts" },
  { page: "docs/install.md", begins: "cd packaging/container", by: "test/interop/container-engine.test.ts" },
  { page: "docs/milter.md", begins: "smtpd_milters", by: "test/interop/milter.test.ts" },
  { page: "docs/postfix.md", begins: "# The safe default", by: "test/support/postfix.ts" },
  { page: "docs/postfix.md", begins: "/^/  FILTER amavisfeed:[127.0.0.1]:10026", by: "test/support/postfix.ts" },
  { page: "docs/postfix.md", begins: "/^/  FILTER amavisfeed:[127.0.0.1]:10024", by: "test/support/postfix.ts" },
  { page: "docs/postfix.md", begins: "# service    type", by: "test/support/postfix.ts" },
  { page: "docs/scaling.md", begins: "content_filter =", by: "test/interop/several-filters.test.ts" },
  { page: "docs/scaling.md", begins: "defaults\n", by: "test/support/haproxy.ts" },
];

/** What is put out: the test reads the block by `shownBlock` and compares it with what the program prints. */
const shown = [
  { page: "docs/dkim.md", begins: "DKIM-Signature:", by: "test/unit/dkim/sign.test.ts" },
  { page: "docs/keys.md", begins: "error: example.com loses", by: "test/unit/daemon/reload.test.ts" },
  { page: "docs/logging.md", begins: "(31337-04) Passed", by: "test/unit/flow/outcome/log-line.test.ts" },
  { page: "docs/logging.md", begins: "(31337-05) Refused", by: "test/integration/refusals.test.ts" },
  { page: "docs/logging.md", begins: "to <joe@example.com>", by: "test/unit/history/history.test.ts" },
  { page: "docs/policy-banks.md", begins: "$ signpost check", by: "test/integration/check-command.test.ts" },
  { page: "docs/policy-banks.md", begins: "User+Foo@sub.ex.com", by: "test/unit/lookup/keys.test.ts" },
  { page: "docs/postfix.md", begins: "status=sent (250", by: "test/support/page-scenarios.ts" },
  { page: "docs/quarantine.md", begins: "Return-Path:", by: "test/unit/quarantine/keep-copies.test.ts" },
];

/** Pictures and forms: nothing to run. */
const pictures = [
  { page: "docs/architecture.md", begins: "Postfix --MAIL" },
  { page: "docs/postfix.md", begins: "                            +---" },
  { page: "docs/configuration.md", begins: "true, 5, text" },
  // A sendmail cannot be installed beside the Postfix of the tests; its recorded dialogs are played in milter-dialogs.test.ts.
  { page: "docs/milter.md", begins: "INPUT_MAIL_FILTER" },
];

/** Commands that cannot be run here, and why; that a shell can read them and that our options are there is held all the same. */
const notRun = [
  { page: "README.md", begins: "npm ci && npm run test:all", why: "it runs this test" },
  { page: "CONTRIBUTING.md", begins: "npm ci && npm run test:all", why: "it runs this test" },
  { page: "docs/testing.md", begins: "npm run chaos", why: "it takes half an hour; chaos.test.ts runs a short one" },
];

test("every block of the pages is run, or is in a table that says why not", () => {
  const told = [...entries, ...elsewhere, ...shown, ...pictures, ...notRun];
  const blocks = allPages().flatMap(pageBlocks);
  const isTold = (block: PageBlock) =>
    told.some(({ page, begins }) => page === block.page && block.text.startsWith(begins));
  const untold = blocks.filter((block) => !isTold(block) && !isConfiguration(block));
  assert.deepEqual(
    untold.map(({ page, line, text }) => `${page}:${line} ${text.split("\n")[0]}`),
    [],
  );
  for (const each of told) blockOf(each);
});

test("what other tests run or hold is named by files that are there", () => {
  assert.deepEqual(
    [...elsewhere, ...shown].filter(({ by }) => !existsSync(join(top, by))),
    [],
  );
});

test("what is shown is read from the page by the test that is named", () => {
  for (const { page, begins, by } of shown) {
    const text = readFileSync(join(top, by), "utf8").replaceAll(/(?<=\()\s+|\s+(?= )/g, "");
    assert.ok(text.includes(`shownBlock("${page}", "${begins}")`), `${by}: ${page}`);
  }
});

test("a shell can read what is not run", async () => {
  for (const row of notRun) {
    assert.notEqual(row.why, "");
    await run("sh", ["-nc", blockOf(row).text]);
  }
});

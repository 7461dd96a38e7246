// Mail that is made to cost: levels, parts, members, bombs of every packer, random structure, one by one and all at once. Every one
// is answered and told as unchecked, and the daemon stays small. Figures are printed; docs/content.md has those of one run.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { TestContext } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { zipOf } from "../support/archives.ts";
import { connected, type Filter, startFilter, submit } from "../support/filter.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { base64Lines, lines } from "../support/mail-parts.ts";
import { createRandom } from "../support/random.ts";

let filter: Filter;
let metricsPort: number;

before(async () => {
  metricsPort = await freePort();
  filter = await startFilter({
    extra: `banned_filename_re: [["(?i)\\\\.exe$", true]]\nmetrics: { listen: "127.0.0.1:${metricsPort}" }\n`,
  });
});
after(() => filter?.close());

const fields = ["From: x@elsewhere.example", "Date: Fri, 06 Nov 2026 10:00:00 +0000"];

/** A mail that is one attachment. */
function attached(content: Buffer | string): string {
  return lines(...fields, "Content-Type: a/b", "Content-Transfer-Encoding: base64", "") + base64Lines(content);
}

/** Zeros by python's packers, node has none of these: `dense` octets that cannot be packed stand before them. */
function packed(by: "lzma" | "bz2", megabytes: number, dense = 0): Buffer {
  const level = by === "lzma" ? "preset=0" : "9";
  const program = `import ${by},os,sys; sys.stdout.buffer.write(${by}.compress(os.urandom(${dense}) + bytes(${megabytes} << 20), ${level}))`;
  return execFileSync("python3", ["-c", program], { maxBuffer: 64 * 1024 * 1024 });
}

const zeros = (megabytes: number) => Buffer.alloc(megabytes * 1024 * 1024);

function nested(levels: number, make: (content: Buffer) => Buffer): Buffer {
  let content: Buffer = Buffer.from("MZ\x90\0", "latin1");
  for (let level = 0; level < levels; level += 1) content = make(content);
  return content;
}

function multiparts(levels: number): string {
  let text = lines(...fields);
  for (let level = 0; level < levels; level += 1)
    text += lines(`Content-Type: multipart/mixed; boundary=b${level}`, "", `--b${level}`);
  return `${text}\r\nhi\r\n`;
}

const pieces = [
  "\r\n",
  "\r\n\r\n",
  "\r\n--b\r\n",
  "\r\n--c--\r\n",
  "--b--\r\n",
  "Content-Type: multipart/mixed; boundary=c\r\n",
  "Content-Type: message/rfc822\r\n\r\n",
  "Content-Disposition: attachment; filename*0*=utf-8''a.e; filename=\"=?utf-8?Q?xe?=\"\r\n",
  "Content-Transfer-Encoding: base64\r\n",
  "begin 644 x.exe\r\n#86)C\r\nend\r\n",
  "UEsDBBQAAAAIAA",
  "H4sIAAAAAAAAA",
  "\0",
  "\xe9",
  "x".repeat(100),
];

function random(seed: number): string {
  const { pick } = createRandom(seed);
  let text = lines(...fields, "Content-Type: multipart/mixed; boundary=b", "");
  while (text.length < 500_000) text += pick(pieces);
  return `${text}\r\n`;
}

/** Name, mail, and the reason for which it is unchecked. */
const hostile: readonly (readonly [string, () => string, string])[] = [
  ["1,000 multiparts within each other", () => multiparts(1000), "over-limits"],
  ["20,000 multiparts within each other", () => multiparts(20_000), "over-limits"],
  [
    "1,000 mails within each other",
    () => lines(...fields) + lines("Content-Type: message/rfc822", "").repeat(1000),
    "over-limits",
  ],
  [
    "60,000 parts",
    () => lines(...fields, "Content-Type: multipart/mixed; boundary=b", "") + lines("--b", "", "x").repeat(60_000),
    "over-limits",
  ],
  [
    "a zip of 60,000 members",
    () => attached(zipOf(Array.from({ length: 60_000 }, (_, index) => ({ name: `${index}.txt`, content: "" })))),
    "over-limits",
  ],
  ["1,000 gzips within each other", () => attached(nested(1000, (content) => gzipSync(content))), "over-limits"],
  [
    "100 zips within each other",
    () => attached(nested(100, (content) => zipOf([{ name: "a.zip", content, method: 8 }]))),
    "over-limits",
  ],
  [
    "a zip of 16 zips of 16 MB each",
    () => {
      const inner = zipOf([{ name: "z", content: zeros(16), method: 8 }]);
      return attached(
        zipOf(Array.from({ length: 16 }, (_, index) => ({ name: `${index}.zip`, content: inner, method: 8 }))),
      );
    },
    "over-limits",
  ],
  ["100 MB in a gzip in a gzip", () => attached(gzipSync(gzipSync(zeros(100)))), "over-limits"],
  ["200 MB in a zstd", () => attached(zstdCompressSync(zeros(200))), "over-limits"],
  ["100 MB in an xz", () => attached(packed("lzma", 100)), "over-limits"],
  ["100 MB in a bzip2", () => attached(packed("bz2", 100)), "over-limits"],
  // Below the bound on one archive: unpacked up to that on the mail, as far as the time goes.
  ["700 MB in an xz of 800 kB", () => attached(packed("lzma", 700, 800_000)), "over-limits"],
  ["a header of 600 kB", () => `${lines(...fields)}${"X: y\r\n".repeat(100_000)}\r\nhi\r\n`, "over-limits"],
  ["random structure", () => random(1), "ambiguous"],
  ["more of it", () => random(2), "ambiguous"],
];

async function send(data: string): Promise<string> {
  const client = await connected(filter.ports.incoming);
  const reply = await submit(client, { from: "x@elsewhere.example", data });
  await client.ask("QUIT");
  return reply;
}

/** The longest delay of the daemon's main thread since it was last asked, milliseconds. */
async function delayMs(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const [, seconds = "0"] = /^signpost_event_loop_delay_seconds\{percentile="100"\} (\S+)$/m.exec(text) ?? [];
  return Math.round(Number(seconds) * 1000);
}

/** The most memory that it ever had, octets. */
function peakBytes(): number {
  const status = readFileSync(`/proc/${filter.daemon.pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

let waitedBefore = 0;

/** How long the daemon's main thread was kept from a core since it was last asked, milliseconds: that is the machine's doing. */
function waitedMs(): number {
  const [, waited = "0"] = readFileSync(`/proc/${filter.daemon.pid}/schedstat`, "utf8").split(" ");
  const since = Number(waited) / 1e6 - waitedBefore;
  waitedBefore += since;
  return Math.round(since);
}

function told(t: TestContext, what: string, startMs: number, delay: number): void {
  const took = Math.round(performance.now() - startMs);
  t.diagnostic(
    `${what}: ${took} ms, main thread ${delay} ms (${waitedMs()} ms without a core), peak ${Math.round(peakBytes() / 1024 ** 2)} MB`,
  );
}

const bounds = 350 * 1024 ** 2;
const mails = new Map<string, string>();

for (const [what, make, reason] of hostile) {
  test(`${what}: answered, and never clean: ${reason}`, async (t) => {
    const data = make();
    mails.set(what, data);
    await delayMs();
    const from = filter.daemon.lines.length;
    const startMs = performance.now();
    const reply = await send(data);
    told(t, what, startMs, await delayMs());
    assert.match(reply, /^250 /);
    const line = await filter.daemon.line(" mail_id: ", from);
    assert.match(line, new RegExp(`(?:Passed UNCHECKED|Blocked BANNED) .*unchecked=\\S*${reason}`));
    assert.ok(peakBytes() < bounds, `${peakBytes()} octets`);
  });
}

test("all of them at once, twice: each is answered", async (t) => {
  await delayMs();
  const startMs = performance.now();
  const replies = await Promise.all([...mails.values(), ...mails.values()].map(send));
  told(t, "all at once", startMs, await delayMs());
  for (const reply of replies) assert.match(reply, /^(?:250|451 4\.3\.2|452) /);
  assert.ok(peakBytes() < bounds, `${peakBytes()} octets`);
});

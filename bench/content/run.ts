// `npm run bench:content`: what looking into mail costs. The real daemon, one port per kind of work, clamd and spamd stubs, rounds in
// turns; CPU of the daemon per mail against a bare RSA-2048 signature of the same minutes. Never fails on a time.
// --cpu-prof FOLDER: a profile of the daemon, all rows together, for V8's readers.
// --only PATTERN: the rows whose names it fits, and the first one of each size.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { zipOf } from "../../test/support/archives.ts";
import { startFakeDns } from "../../test/support/fake-dns.ts";
import { freePort } from "../../test/support/free-port.ts";
import { rsaSignMs } from "../load/bare.ts";
import { startChild } from "../load/child.ts";
import { configHead } from "../load/config-head.ts";
import { startMeasured } from "../load/daemon.ts";
import { txt } from "../load/filter.ts";
import { measure } from "../load/measure.ts";
import { signRequest, withSignatures } from "../load/signed.ts";
import { quantile } from "../load/source.ts";
import { bodyOf, onTheWire } from "../messages.ts";
import { startStubs } from "./stubs.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    scale: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    "cpu-prof": { type: "string" },
  },
});

/** Kinds of work, each a bank with a port of its own. `bypass`: everything is configured, nothing is asked. */
const works = {
  nothing: "{ banned_filename_maps: [], av_scanners: [], spam_scanners: [] }",
  bypass:
    "{ bypass_banned_checks_maps: [true], bypass_virus_checks_maps: [true], bypass_spam_checks_maps: [true], bypass_decode_parts: true }",
  walk: "{ av_scanners: [], spam_scanners: [] }",
  scanners: "{}",
  verify: "{ enable_dkim_verification: true, banned_filename_maps: [], av_scanners: [], spam_scanners: [] }",
  "verify-scanners": "{ enable_dkim_verification: true }",
} as const;
type Work = keyof typeof works;

const base64 = (octets: Buffer) => octets.toString("base64").replaceAll(/.{1,76}/g, "$&\r\n");

/** A mail of a text and one attachment. */
function mailOf(seed: number, textBytes: number, attachment: Buffer, type: string): Buffer {
  const header =
    "Received: from client.example.com (client.example.com [192.0.2.17])\r\n\tby mail.example.com (Postfix) with ESMTPSA id 4XyZ0123456789;\r\n" +
    "\tThu, 01 Oct 2026 10:00:00 +0000 (UTC)\r\nDate: Thu, 01 Oct 2026 10:00:00 +0000\r\nFrom: Alice Example <alice@example.com>\r\n" +
    `To: Someone Else <someone@example.net>\r\nSubject: Minutes\r\nMessage-ID: <${seed}@example.com>\r\nMIME-Version: 1.0\r\n` +
    'Content-Type: multipart/mixed; boundary="=_b1"\r\n';
  const text = `--=_b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${bodyOf(textBytes, seed)}\r\n`;
  const rest = `--=_b1\r\nContent-Type: ${type}; name="report"\r\nContent-Disposition: attachment; filename="report"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(attachment)}--=_b1--\r\n`;
  return Buffer.from(`${header}\r\n${text}${rest}`, "latin1");
}

const pdf = (bytes: number) => Buffer.concat([Buffer.from("%PDF-1.4\n"), Buffer.alloc(bytes, 7)]);
const zip = zipOf(
  Array.from({ length: 6 }, (_, index) => ({ name: `${index}.txt`, content: bodyOf(30_000, index), method: 8 })),
);
/** Mails by the hundred; with `fresh` none ever comes again, or what is remembered of it would be measured. */
type Mails = (count: number) => readonly Buffer[];
let seeds = 0;
const fresh =
  (make: (seed: number) => Buffer): Mails =>
  (count) =>
    Array.from({ length: count }, () => onTheWire(make(seeds++)));
const always =
  (mail: Buffer): Mails =>
  () => [onTheWire(mail)];

interface Case {
  readonly name: string;
  readonly work: Work;
  readonly content: Mails;
  readonly messages: number;
}

const small = (seed: number) => mailOf(seed, 4500, pdf(4000), "application/pdf");
const archive = (seed: number) => mailOf(seed, 1000, zip, "application/zip");
const large = always(mailOf(1, 1000, pdf(7_400_000), "application/pdf"));
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signed = (seed: number) => withSignatures(small(seed), [signRequest("rsa", "rsa", privateKey)]);
const allCases: readonly Case[] = [
  { name: "two parts, 10 kB: nothing configured", work: "nothing", content: fresh(small), messages: 500 },
  { name: "two parts, 10 kB: all bypassed", work: "bypass", content: fresh(small), messages: 500 },
  { name: "two parts, 10 kB: walk and banned rules", work: "walk", content: fresh(small), messages: 500 },
  { name: "two parts, 10 kB: with clamd and spamd", work: "scanners", content: fresh(small), messages: 400 },
  { name: "two parts, 10 kB: verdict remembered", work: "scanners", content: always(small(0)), messages: 500 },
  { name: "a zip in 60 kB: nothing configured", work: "nothing", content: fresh(archive), messages: 150 },
  { name: "a zip in 60 kB: walk and banned rules", work: "walk", content: fresh(archive), messages: 150 },
  { name: "a zip in 60 kB: with clamd and spamd", work: "scanners", content: fresh(archive), messages: 150 },
  { name: "a zip in 60 kB: verdict remembered", work: "scanners", content: always(archive(0)), messages: 150 },
  { name: "signed, 10 kB: verified", work: "verify", content: fresh(signed), messages: 500 },
  { name: "signed, 10 kB: verdict remembered", work: "verify-scanners", content: always(signed(0)), messages: 500 },
  { name: "10 MB: nothing configured", work: "nothing", content: large, messages: 8 },
  { name: "10 MB: walk and banned rules", work: "walk", content: large, messages: 8 },
];

const sizeOf = (name: string) => name.split(":", 1)[0];
/** The row of its size that the others stand above. */
const baseOf = (name: string) => allCases.find((each) => sizeOf(each.name) === sizeOf(name))?.name ?? "";
const fits = ({ name }: Case) => new RegExp(values.only).test(name);
const cases = allCases.filter(({ name }) =>
  allCases.some((each) => fits(each) && [each.name, baseOf(each.name)].includes(name)),
);

/** So many rounds before the first one: V8 goes on compiling for thousands of mails. */
const warmUpRounds = 10;

const folder = mkdtempSync(join(tmpdir(), "signpost-bench-"));
const stubs = await startStubs();
const spki = publicKey.export({ type: "spki", format: "der" }).toString("base64");
const dns = await startFakeDns({ "rsa._domainkey.example.com": txt(`v=DKIM1; k=rsa; p=${spki}`) });
dns.ttlSeconds = 3600;
const children = [startChild(), startChild(), startChild()] as const;
const [sink, source, bare] = children;
const nextHopPort = await sink.call("sink", { keep: false });
const ports = new Map<Work, number>();
for (const work of Object.keys(works) as Work[]) ports.set(work, await freePort());
const file = join(folder, "signpost.yaml");
writeFileSync(
  file,
  `${configHead({ ports: [...ports.values()], nextHopPort: nextHopPort, folder })}
enable_dkim_verification: false
enable_dkim_signing: false
banned_filename_re: [["(?i)\\\\.(exe|scr|bat|com)$", true], ["^\\\\.exe-ms$", true]]
av_scanners: [{ name: ClamAV, type: clamd, address: "${stubs.clamd}" }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${stubs.spamd}" }]
interface_policy: { ${[...ports].map(([work, port]) => `"${port}": ${work.toUpperCase()}`).join(", ")} }
policy_bank:
${Object.entries(works)
  .map(([work, bank]) => `  ${work.toUpperCase()}: ${bank}\n`)
  .join("")}
dns: { servers: ["127.0.0.1:${dns.server.port}"] }
pool: { threads: 1 }
`,
);
const daemon = await startMeasured({
  file,
  ports: [...ports.values()],
  nodeFlags: values["cpu-prof"] === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${values["cpu-prof"]}`],
});
const ratios = new Map<string, number[]>();
try {
  for (let round = -warmUpRounds; round < Number(values.rounds); round += 1) {
    for (const { name, work, content, messages } of cases) {
      const before = await rsaSignMs(bare);
      const count = Math.max(4, Math.round(messages * Number(values.scale)));
      const { processMs, failed } = await measure(source, daemon.pid, {
        port: ports.get(work) ?? 0,
        content: content(count),
        messages: count,
        connections: 8,
        reuse: true,
      });
      const rsa = (before + (await rsaSignMs(bare))) / 2;
      if (failed > 0) throw new Error(`${name}: ${failed} mails failed`);
      if (round >= 0) ratios.set(name, [...(ratios.get(name) ?? []), processMs / rsa]);
    }
  }
} finally {
  await daemon.stop();
  stubs.stop();
  await dns.close();
  for (const child of children) child.stop();
  rmSync(folder, { recursive: true, force: true });
}
const middleOf = (values: readonly number[]) =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
const roundsOf = (name: string) => ratios.get(name) ?? [];
process.stdout.write(
  "CPU of the daemon per mail, in bare RSA-2048 signatures; and above that of the first row of its size\n",
);
for (const { name } of cases) {
  const own = middleOf(roundsOf(name));
  // Round by round: a machine that has other work is not the same in the next.
  const above = middleOf(roundsOf(name).map((each, round) => each - (roundsOf(baseOf(name))[round] ?? 0)));
  process.stdout.write(`${name.padEnd(44)} ${own.toFixed(2).padStart(7)} ${above.toFixed(2).padStart(7)}\n`);
}

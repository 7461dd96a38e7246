// What looking into a mail costs: against its MIME parts, the number and the size of its attachments, and the members of
// an archive. clamd and spamd are stubs that find nothing, in a process of their own.
import { startStubs } from "../content/stubs.ts";
import type { LoadOptions } from "../load/source.ts";
import { sizeText } from "../suite.ts";
import { fresh, manyParts, withAttachments, withZip } from "./attached.ts";
import type { Curve, Growth } from "./curve.ts";
import { type Check, scans } from "./mail.ts";
import { type Bench, type Case, inTurns, mails, warmUp } from "./parts.ts";
import { type Site, startSite } from "./site.ts";
import { connectionsFor, toDisk } from "./size.ts";

/** Kinds of work, each a bank. */
const banks = {
  PASS: { settings: "{ banned_filename_maps: [], av_scanners: [], spam_scanners: [] }" },
  WALK: { settings: "{ av_scanners: [], spam_scanners: [] }" },
  SCAN: { settings: "{}" },
} as const;
type Bank = keyof typeof banks;

const rules = `banned_filename_re: [["(?i)\\\\.(exe|scr|bat|com)$", true], ["^\\\\.exe-ms$", true]]`;

/** `warm`: how much of a warm-up; what the model is made from has all of it. */
async function withSite<T>(bench: Bench, warm: number, use: (site: Site) => Promise<T>): Promise<T> {
  const stubs = await startStubs();
  const settings = `${rules}
av_scanners: [{ name: ClamAV, type: clamd, address: "${stubs.clamd}" }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${stubs.spamd}" }]`;
  const site = await startSite({ nextHopPort: bench.nextHopPort, banks, settings });
  try {
    for (const bank of ["WALK", "SCAN"] as const) {
      // Code that asks scanners only runs while a mail is new.
      const content = fresh(withAttachments(1, 4000), mails(4000, warm * bench.scale));
      await warmUp({ ...bench, scale: warm * bench.scale }, load(site, bank, content, 0));
    }
    return await use(site);
  } finally {
    await site.stop();
    stubs.stop();
  }
}

function load(site: Site, bank: Bank, content: readonly Uint8Array[], messages: number): LoadOptions {
  const bytes = content[0]?.length ?? 0;
  return {
    port: site.port(bank),
    content,
    messages,
    connections: connectionsFor(bytes),
    reuse: true,
  };
}

/** As many mails as fit into what a second or so takes; in no round is one equal to another. */
function caseOf(bench: Bench, site: Site, bank: Bank, x: number, mail: Buffer): Case {
  const count = mails(Math.max(8, Math.min(4000, 1.2e8 / mail.length)), bench.scale);
  return { x, load: () => load(site, bank, fresh(mail, count), count) };
}

/** The same mails by each of these banks; a curve of the process and one of the main thread for each. */
async function curvesOf(
  bench: Bench,
  site: Site,
  works: readonly (readonly [Bank, string])[],
  xs: readonly number[],
  mailOf: (x: number) => Buffer,
  at: (x: number, mail: Buffer) => number = (x) => x,
  steps: readonly number[] = [],
): Promise<readonly Curve[]> {
  const found = works.map((): [number, number, number][] => []);
  const cases = xs.flatMap((x) => {
    const mail = mailOf(x);
    return works.map(([bank], work) => ({ work, ...caseOf(bench, site, bank, at(x, mail), mail) }));
  });
  const results = await inTurns(bench, site.pid, cases);
  for (const [index, { work, x }] of cases.entries()) {
    const result = results[index];
    if (result !== undefined) found[work]?.push([x, result.processMs, result.mainMs]);
  }
  return works.flatMap(([, label], index): readonly Curve[] => {
    const of = (read: 1 | 2) => (found[index] ?? []).map((point) => [point[0], point[read]] as const);
    return [
      { label: `${label}: process`, unit: "CPU ms", bound: "linear", steps, points: of(1) },
      { label: `${label}: main thread`, unit: "CPU ms", bound: "linear", steps, points: of(2) },
    ];
  });
}

const walk = [["WALK", "walk"]] as const;
const both = [
  ["WALK", "walk"],
  ["SCAN", "clamd and spamd"],
] as const;
const all = [
  ["PASS", "nothing"],
  ["WALK", "walk"],
  ["SCAN", "clamd and spamd"],
] as const;

export async function mimeParts(bench: Bench): Promise<Growth> {
  const counts = [1, 10, 100, 1000];
  bench.say(`${counts.join(", ")} MIME parts`);
  const curves = await withSite(bench, 0.1, (site) => curvesOf(bench, site, walk, counts, manyParts));
  return { title: "MIME parts of 200 octets, walk and banned rules", against: "parts", curves, facts: [] };
}

export async function attachments(bench: Bench): Promise<Growth> {
  const counts = [1, 3, 10, 30];
  bench.say(`${counts.join(", ")} attachments of 100 kB`);
  const curves = await withSite(bench, 0.1, (site) =>
    curvesOf(bench, site, both, counts, (count) => withAttachments(count, 100_000)),
  );
  return { title: "Attachments of 100 kB", against: "attachments", curves, facts: [] };
}

/** Mail beyond this many octets is taken apart by a thread of its own. */
const toThread = 32 * 1024;
/** Octets of an attachment; the mail is larger by a third. A point on either side of `toThread`. */
const sizes = [1000, 10_000, 22_000, 26_000, 100_000, 1_000_000, 10_000_000];
/** Sizes between them that a model is held against. */
const checked = [21_000, 210_000, 2_100_000];

export async function scanning(bench: Bench): Promise<Growth> {
  bench.say("one attachment of 1 kB to 10 MB");
  const measured = await withSite(bench, 1, (site) =>
    curvesOf(
      bench,
      site,
      all,
      [...sizes, ...checked].sort((a, b) => a - b),
      (bytes) => withAttachments(1, bytes),
      (_, mail) => mail.length,
      [toThread, toDisk],
    ),
  );
  const lengths = checked.map((bytes) => withAttachments(1, bytes).length);
  const curves = measured.map((curve) => ({ ...curve, points: curve.points.filter(([x]) => !lengths.includes(x)) }));
  const checks = scans.flatMap((scan) => {
    const points = measured.find(({ label }) => label === `${scan}: process`)?.points ?? [];
    return points
      .filter(([x]) => lengths.includes(x))
      .map(([octets, measured]): Check => {
        const what = `${scan}, an attachment, ${sizeText(Math.round(octets / 1000) * 1000)}`;
        return { what, measured, mail: { work: "pass", octets, scan } };
      });
  });
  return { title: "Size of a mail with one attachment, looked into", against: "octets", curves, facts: [], checks };
}

export async function members(bench: Bench): Promise<Growth> {
  const counts = [1, 10, 100, 1000];
  bench.say(`a zip of ${counts.join(", ")} members`);
  const curves = await withSite(bench, 0.1, (site) => curvesOf(bench, site, both, counts, withZip));
  return { title: "Members of a zip, 1 kB each", against: "members", curves, facts: [] };
}

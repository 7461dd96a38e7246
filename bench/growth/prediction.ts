// The model against what it was not made from: other sizes, more signatures, scanned mail, and both cores full of a mix.
import { cpus } from "node:os";
import { referenceRsaMs, rsaSignMs } from "../load/bare.ts";
import { type Work as Port, startFilter } from "../load/filter.ts";
import { messageOf, onTheWire } from "../messages.ts";
import { sizeText } from "../suite.ts";
import { withAttachments } from "./attached.ts";
import { caseOf, withSite } from "./content.ts";
import { middleRun, type Run, runOn } from "./cores.ts";
import type { Growth, Prediction } from "./curve.ts";
import { costOf, type Kind, type Mail, type Model, mostPerSecond, type Scan } from "./model.ts";
import { type Bench, checkWork, inTurns, mails, warmUp } from "./parts.ts";
import { startSigningSite } from "./signatures.ts";
import { connectionsFor, messagesOf } from "./size.ts";

const sizes = [3_000, 30_000, 300_000, 3_000_000] as const;

/** The filter's CPU as the reference machine would use it, beside what the model says. */
type Check = (bench: Bench, model: Model) => Promise<readonly Prediction[]>;

export async function prediction(bench: Bench, model: Model): Promise<Growth> {
  const predictions: Prediction[] = [];
  for (const check of [bySize, bySignatures, byScanners, atFullLoad]) predictions.push(...(await check(bench, model)));
  return { title: "The model against what it was not made from", against: "", curves: [], facts: [], predictions };
}

function predicted(model: Model, what: string, mail: Mail, measured: number): Prediction {
  return { what, predicted: costOf(model, mail).process, measured, unit: "CPU ms" };
}

const bySize: Check = async (bench, model) => {
  const filter = await startFilter({ nextHopPort: bench.nextHopPort });
  try {
    const kinds = [
      ["pass", "pass"],
      ["sign", "sign-rsa"],
      ["verify", "verify"],
    ] as const satisfies readonly (readonly [Mail["work"], Port])[];
    const load = (port: Port, bytes: number) => {
      const plain = messageOf(bytes);
      return {
        port: filter.ports[port],
        content: onTheWire(port === "verify" ? filter.signed(plain, "rsa") : plain),
        messages: mails(messagesOf(bytes), bench.scale),
        connections: connectionsFor(bytes),
        reuse: true,
      };
    };
    bench.say(`the model: ${sizes.map(sizeText).join(", ")}`);
    for (const [, port] of kinds) await warmUp(bench, load(port, 10_000));
    const cases = sizes.flatMap((octets) =>
      kinds.map(([work, port]) => ({ work, x: octets, load: load(port, octets) })),
    );
    const results = await inTurns(bench, filter.pid, cases);
    return cases.map(({ work, x: octets }, index) =>
      predicted(model, `${work}, ${sizeText(octets)}`, { work, octets }, results[index]?.processMs ?? Number.NaN),
    );
  } finally {
    await filter.stop();
  }
};

const bySignatures: Check = async (bench, model) => {
  const octets = 30_000;
  const site = await startSigningSite(bench.nextHopPort, { inPlace: true });
  try {
    bench.say("the model: signatures");
    const load = { messages: mails(messagesOf(octets), bench.scale), connections: connectionsFor(octets), reuse: true };
    const plain = messageOf(octets);
    const verifying = { ...load, port: site.verifyPort, content: onTheWire(site.signed(plain, 3)) };
    const making = { ...load, port: site.signPort(2), content: onTheWire(plain) };
    for (const each of [verifying, making]) await warmUp(bench, each);
    const [three, two] = await inTurns(bench, site.pid, [
      { x: 3, load: verifying },
      { x: 2, load: making },
    ]);
    const verify = { work: "verify", octets, signatures: 3 } as const;
    const sign = { work: "sign", octets, signatures: 2 } as const;
    return [
      predicted(model, "verify 3 signatures, 30 kB", verify, three?.processMs ?? Number.NaN),
      predicted(model, "sign twice, 30 kB", sign, two?.processMs ?? Number.NaN),
    ];
  } finally {
    await site.stop();
  }
};

/** Octets of an attachment. */
const attachedBytes = [21_000, 210_000, 2_100_000] as const;

const byScanners: Check = async (bench, model) => {
  bench.say("the model: scanners");
  return withSite(bench, 1, async (site) => {
    const cases = attachedBytes.flatMap((bytes) => {
      const mail = withAttachments(1, bytes);
      const of = (bank: "WALK" | "SCAN", scan: Scan) => ({ scan, ...caseOf(bench, site, bank, mail.length, mail) });
      return [of("WALK", "walk"), of("SCAN", "clamd and spamd")];
    });
    const results = await inTurns(bench, site.pid, cases);
    return cases.map(({ scan, x: octets }, index) => {
      const what = `${scan}, an attachment, ${sizeText(Math.round(octets / 1000) * 1000)}`;
      return predicted(model, what, { work: "pass", octets, scan }, results[index]?.processMs ?? Number.NaN);
    });
  });
};

/** Of ten mails three are ours to sign, and seven come from elsewhere with a signature: all by one port. */
const signedOfTen = 3;

const atFullLoad: Check = async (bench, model) => {
  const octets = 10_000;
  const filter = await startFilter({ nextHopPort: bench.nextHopPort, settings: "pool: {}" });
  try {
    bench.say("the model: all cores full of a mix");
    const ours = onTheWire(messageOf(octets));
    const theirs = onTheWire(filter.signed(messageOf(octets, { from: "bob@elsewhere.example" }), "rsa"));
    const isOurs = (index: number) => (index * signedOfTen) % 10 < signedOfTen;
    const content = Array.from({ length: 10 }, (_, index) => (isOurs(index) ? ours : theirs));
    await checkWork(bench, filter.ports["sign-rsa"], ours, /^DKIM-Signature:/m);
    await checkWork(bench, filter.ports["sign-rsa"], theirs, /^Authentication-Results:.*dkim=pass/ms);
    const runs: { run: Run; slower: number }[] = [];
    for (let round = -1; round < Math.max(3, bench.rounds); round += 1) {
      const before = await rsaSignMs(bench.bare);
      const run = await runOn(bench, filter, mails(round < 0 ? 40_000 : 6000, bench.scale), content);
      const slower = (before + (await rsaSignMs(bench.bare))) / 2 / referenceRsaMs;
      if (round >= 0) runs.push({ run, slower });
    }
    const run = middleRun(runs.map((each) => each.run));
    const slower = runs.find((each) => each.run === run)?.slower ?? 1;
    const kinds: readonly Kind[] = [
      { mail: { work: "sign", octets }, share: signedOfTen / 10 },
      { mail: { work: "verify", octets }, share: 1 - signedOfTen / 10 },
    ];
    const machine = { cores: cpus().length, processes: 1, otherMs: run.loadMs, slower };
    return [
      {
        what: `${cpus().length} cores full, 30 % signed, 70 % verified, 10 kB`,
        predicted: mostPerSecond(model, kinds, machine),
        measured: run.perSecond,
        unit: "mails/s",
      },
    ];
  } finally {
    await filter.stop();
  }
};

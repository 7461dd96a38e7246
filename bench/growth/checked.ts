// More signatures on other sizes, and all cores full of a mix: what a model was not made from, measured so that it can be
// held against it. The parts that it is made from measure other sizes, beside their own.
import { cpus } from "node:os";
import { referenceRsaMs, rsaSignMs } from "../load/bare.ts";
import { startFilter } from "../load/filter.ts";
import { messageOf, onTheWire } from "../messages.ts";
import { inUse, middleRun, type Run, runOn } from "./cores.ts";
import type { Fact, Growth } from "./curve.ts";
import type { Check, Kind } from "./mail.ts";
import { type Bench, checkWork, inTurns, mails, warmUp } from "./parts.ts";
import { startSigningSite } from "./signatures.ts";
import { connectionsFor, messagesOf } from "./size.ts";

export async function checked(bench: Bench): Promise<Growth> {
  const signatures = await bySignatures(bench);
  const { check, facts } = await atFullLoad(bench);
  const title = "The model against what it was not made from";
  return { title, against: "", curves: [], facts, checks: [...signatures, check] };
}

async function bySignatures(bench: Bench): Promise<readonly Check[]> {
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
    return [
      {
        what: "verify 3 signatures, 30 kB",
        measured: three?.processMs ?? Number.NaN,
        mail: { work: "verify", octets, signatures: 3 },
      },
      {
        what: "sign twice, 30 kB",
        measured: two?.processMs ?? Number.NaN,
        mail: { work: "sign", octets, signatures: 2 },
      },
    ];
  } finally {
    await site.stop();
  }
}

/** Of ten mails three are ours to sign, and seven come from elsewhere with a signature: all by one port. */
const signedOfTen = 3;

async function atFullLoad(bench: Bench): Promise<{ readonly check: Check; readonly facts: readonly Fact[] }> {
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
      const messages = mails(round < 0 ? 40_000 : 6000, bench.scale);
      const run = await runOn(bench, filter, { port: filter.ports["sign-rsa"], content, messages });
      const slower = (before + (await rsaSignMs(bench.bare))) / 2 / referenceRsaMs;
      if (round >= 0) runs.push({ run, slower });
    }
    const run = middleRun(runs.map((each) => each.run));
    const slower = runs.find((each) => each.run === run)?.slower ?? 1;
    const kinds: readonly Kind[] = [
      { mail: { work: "sign", octets }, share: signedOfTen / 10 },
      { mail: { work: "verify", octets }, share: 1 - signedOfTen / 10 },
    ];
    const cores = cpus().length;
    const what = `${cores} cores full, 30 % signed, 70 % verified, 10 kB`;
    const machine = { cores, processes: 1, otherMs: run.loadMs, slower };
    return {
      check: { what, measured: run.perSecond, kinds, machine },
      facts: [
        { what, value: run.perSecond, unit: "mails/s" },
        { what: "… filter", value: run.processMs, unit: "CPU ms a mail" },
        { what: "… source and sink", value: run.loadMs, unit: "CPU ms a mail" },
        { what: "… a bare signature, against that of the model", value: slower, unit: "x" },
        { what: "… of all cores in use", value: 100 * inUse(run, cores), unit: "%" },
      ],
    };
  } finally {
    await filter.stop();
  }
}

// `npm run chaos -- --minutes 30 --seed 7`: plays the scenarios again and again, each round with other random numbers, and
// says what the daemon holds meanwhile. Exits 1 at the first mail that was lost, doubled, refused or changed, naming the
// seed that does it again.
import { readdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { drainPostfix } from "../support/postfix-drain.ts";
import { createRandom } from "../support/random.ts";
import { startScannerStage } from "./scanner-stage.ts";
import { clientScenarios, daemonScenarios, nextHopScenarios } from "./scenarios.ts";
import { soak, whatGrew } from "./soak.ts";
import { type Scenario, type Stage, stageOptions, startStage } from "./stage.ts";

const usage = `usage: npm run chaos -- [--minutes N] [--seed N] [--only TEXT] [--soak [--rate N]] [--postfix [--mails N] [--kills N]]

  --minutes N   how long; default 10. A round that has begun is ended
  --seed N      of the first round, each further one has the next; default 1
  --only TEXT   scenarios with TEXT in their name
  --soak        instead: one daemon, an even load, a fault with one mail in a hundred; what it holds is flat
  --rate N      mails a second of that load; default 20
  --postfix     instead: a real Postfix drains its queue while the filter is killed
  --mails N     in that queue; default 5000
  --kills N     default 20
`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    soak: { type: "boolean", default: false },
    rate: { type: "string", default: "20" },
    postfix: { type: "boolean", default: false },
    mails: { type: "string", default: "5000" },
    kills: { type: "string", default: "20" },
    help: { type: "boolean", default: false },
  },
});

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function play(
  stage: Stage,
  scenarios: readonly Scenario[],
  random: ReturnType<typeof createRandom>,
): Promise<void> {
  const left = scenarios.filter(({ name }) => name.includes(values.only));
  // Another order each time: what one leaves behind is found by the next.
  while (left.length > 0) {
    const [scenario] = left.splice(random.below(left.length), 1);
    if (scenario === undefined) break;
    const startedAt = performance.now();
    const { tries, acked } = await stage.play(scenario);
    print(`  ${scenario.name}: ${acked} taken at ${tries} tries, ${Math.round(performance.now() - startedAt)} ms`);
  }
  const open = (await readdir(`/proc/${stage.daemon.pid}/fd`)).length;
  print(`  held: ${Math.round((await stage.daemon.residentBytes()) / 2 ** 20)} MB, ${open} descriptors`);
}

async function round(seed: number): Promise<void> {
  print(`round with --seed ${seed}`);
  const random = createRandom(seed);
  const stage = await startStage(seed, stageOptions);
  try {
    await play(
      stage,
      [...clientScenarios(), ...nextHopScenarios(), ...daemonScenarios({ kills: 10, stops: 4, reloads: 20 })],
      random,
    );
  } finally {
    await stage.close();
  }
  const scanners = await startScannerStage(seed);
  try {
    await play(scanners.stage, scanners.scenarios(), random);
  } finally {
    await scanners.close();
  }
}

async function run(): Promise<number> {
  if (values.help) {
    print(usage);
    return 0;
  }
  const first = Number(values.seed);
  if (values.postfix) {
    const drained = await drainPostfix({ count: Number(values.mails), kills: Number(values.kills), seed: first });
    print(JSON.stringify(drained));
    return drained.lost + drained.altered + drained.avoidableCopies + drained.bounced === 0 ? 0 : 1;
  }
  if (values.soak) {
    const held = await soak({ minutes: Number(values.minutes), rate: Number(values.rate), seed: first, print });
    const grown = whatGrew(held);
    print(grown.length === 0 ? "flat in the second half" : `not flat in the second half: ${grown.join("; ")}`);
    return grown.length === 0 ? 0 : 1;
  }
  const untilMs = performance.now() + Number(values.minutes) * 60_000;
  for (let seed = first; seed === first || performance.now() < untilMs; seed += 1) {
    try {
      await round(seed);
    } catch (error) {
      print(`failed with --seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`);
      return 1;
    }
  }
  print("lost, doubled, refused, changed: none");
  return 0;
}

process.exit(await run());

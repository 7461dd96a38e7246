// The daemon between a sending queue and next hops of ours, and what is done to them: one scenario after the other, each with a
// ledger of its mails.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import type { Socket } from "node:net";
import type { DaemonProcess } from "../support/daemon.ts";
import { type Act, type FakeNextHop, type Step, startFakeNextHop } from "../support/fake-next-hop.ts";
import { type Filter, type FilterOptions, startFilter } from "../support/filter.ts";
import { generateMail } from "../support/generated-mail.ts";
import { type Attempt, Ledger, noFaults } from "../support/ledger.ts";
import { createRandom, type Random } from "../support/random.ts";
import { type ClientFault, sendAll } from "../support/sending-queue.ts";

/** Connections of the sending queue, unless a scenario says otherwise. */
export const connections = 8;

/** What a scenario's functions may look at. */
export interface Scene {
  readonly stage: Stage;
  readonly ledger: Ledger;
  readonly random: Random;
}

export interface Scenario {
  readonly name: string;
  readonly count?: number;
  readonly connections?: number;
  readonly recipients?: number;
  readonly port?: "incoming" | "originating" | "nochecks";
  readonly content?: (id: number) => Buffer;
  /** What the next hop does. */
  readonly hop?: (step: Step, scene: Scene) => Act | Promise<Act>;
  /** Whether the next hop resets the connection, asked as content arrives. */
  readonly resetAt?: (bytes: number, random: Random) => boolean;
  /** What the client does. */
  readonly client?: (attempt: Attempt, random: Random) => ClientFault | undefined;
  /** Waited for before each try. */
  readonly pace?: () => Promise<unknown>;
  /** What happens before the first mail. */
  readonly first?: (scene: Scene) => Promise<void>;
  /** What happens meanwhile. */
  readonly meanwhile?: (scene: Scene) => Promise<unknown>;
  /** Recipients that are refused for good and get a notification's worth of attention. */
  readonly refused?: (recipient: string) => boolean;
  /** All are refused, and are to be. */
  readonly allRefused?: boolean;
  /** Mails that must not arrive: what became of them is the scenario's to look at. */
  readonly infected?: (id: number) => boolean;
  /** The filter is killed, so that a try may end without a reply although it was delivered. */
  readonly cuts?: boolean;
  /** Looked at when all is sent. */
  readonly look?: (scene: Scene) => void | Promise<void>;
}

export interface Stage {
  readonly filter: Filter;
  /** The daemon now: some scenarios end it and start it again. */
  daemon: DaemonProcess;
  /** All next hops there have been; the last one is up. */
  readonly hops: FakeNextHop[];
  /** Mails of many kinds; those of no mailing list; small ones. */
  readonly contents: readonly Buffer[];
  readonly ours: readonly Buffer[];
  readonly short: readonly Buffer[];
  /** A next hop, on the port of the last one. */
  startHop(): Promise<FakeNextHop>;
  /** What a next hop of somebody else's must do to count here. */
  readonly hopOptions: FilterOptions;
  /** Plays a scenario, holds that its ledger has zeros, and gives the ledger. */
  run(scenario: Scenario, ports?: Filter["ports"]): Promise<Ledger>;
  /** The same; an ordinary mail passes afterwards at the first try, and nothing is left behind. */
  play(scenario: Scenario): Promise<Ledger>;
  close(): Promise<void>;
}

/** Patience that suits a test: faults of seconds must not be minutes. */
export const stageOptions: FilterOptions = {
  dnsTimeout: "0.5s",
  extra: "limits: { connections: 1500, message_time: 30s }\nrelay: { final_timeout: 1s, command_timeout: 1s }",
};

export async function startStage(seed: number, options: FilterOptions = {}): Promise<Stage> {
  let runs = 0;
  let script: (step: Step) => Act | Promise<Act> = () => undefined;
  let onContent: ((bytes: number) => boolean) | undefined;
  const hopOptions = {
    script: (step: Step) => script(step),
    onContent(socket: Socket, bytes: number) {
      if (onContent?.(bytes)) socket.resetAndDestroy();
    },
  };
  const filter = await startFilter({ ...hopOptions, ...options });
  const random = createRandom(5321 + seed);
  const contents = Array.from({ length: 250 }, (_, id) => generateMail(random, id, "alice@example.com").octets);

  async function run(scenario: Scenario, ports = filter.ports): Promise<Ledger> {
    runs += 1;
    const { count = 200, recipients = 1, port = "originating", infected } = scenario;
    const random = createRandom(2821 + runs + 1000 * seed);
    const ledger = new Ledger(`t${runs}`, recipients);
    const scene = { stage, ledger, random };
    script = async (step) => {
      const act = await scenario.hop?.(step, scene);
      const reply = typeof act === "object" ? act.reply : (act ?? "250");
      if (step.stage === "dot" && reply?.startsWith("2")) ledger.take(step);
      return act;
    };
    await scenario.first?.(scene);
    onContent = (bytes) => scenario.resetAt?.(bytes, random) ?? false;
    try {
      await Promise.all([
        sendAll({
          ledger,
          port: () => ports[port],
          count,
          connections: scenario.connections ?? connections,
          content: scenario.content ?? ((id) => contents[id % contents.length] ?? Buffer.alloc(0)),
          random,
          ...(scenario.pace === undefined ? {} : { pace: scenario.pace }),
          fault: (attempt) => scenario.client?.(attempt, random),
        }),
        scenario.meanwhile?.(scene),
      ]);
    } finally {
      script = () => undefined;
      onContent = undefined;
    }
    const mails = stage.hops.flatMap((hop) => hop.mails);
    const about = { refused: scenario.refused ?? (() => false), infected, cuts: scenario.cuts ?? false };
    assert.deepEqual(ledger.faults(mails, about.refused, about.cuts, infected), {
      ...noFaults,
      ...(scenario.allRefused ? { rejected: count } : {}),
    });
    assert.equal(ledger.acked, scenario.allRefused ? 0 : count);
    await scenario.look?.(scene);
    return ledger;
  }

  const stage: Stage = {
    filter,
    daemon: filter.daemon,
    hops: [filter.hop],
    contents,
    ours: contents.filter((octets) => !octets.includes("List-Id:")),
    short: contents.filter(({ length }) => length < 3000),
    hopOptions,
    async startHop() {
      const hop = await startFakeNextHop({ ...hopOptions, port: filter.hop.port });
      stage.hops.push(hop);
      return hop;
    },
    run,
    async play(scenario) {
      const ledger = await run(scenario);
      assert.equal((await run({ name: "afterwards", count: 1 })).tries, 1);
      const left = await readdir(stage.daemon.folder);
      assert.deepEqual(
        left.filter((name) => name.startsWith("signpost-spool")),
        [],
      );
      return ledger;
    },
    async close() {
      await stage.daemon.stop();
      for (const hop of stage.hops) await hop.close();
      await filter.close();
    },
  };
  return stage;
}

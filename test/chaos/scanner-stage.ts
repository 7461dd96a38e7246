// A stage whose daemon asks a virus scanner, a spam scanner and a shared cache, all of them fakes that fail when they are
// told to. Every third mail is infected: it is kept, and never goes on.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { startIn } from "../support/daemon.ts";
import { type ClamdAct, type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeRedis, type Fault, startFakeRedis } from "../support/fake-redis.ts";
import { type FakeSpamd, type SpamdAct, startFakeSpamd } from "../support/fake-spamd.ts";
import { createRandom, type Random } from "../support/random.ts";
import { type Scenario, type Scene, type Stage, startStage } from "./stage.ts";

export interface ScannerStage {
  readonly stage: Stage;
  readonly clamd: FakeClamd;
  readonly spamd: FakeSpamd;
  readonly redis: FakeRedis;
  readonly scenarios: () => readonly Scenario[];
  close(): Promise<void>;
}

/** What the fake clamd finds. */
export const mark = "X-Is: infected";
const isInfected = (id: number): boolean => id % 3 === 0;

/** No two are alike, in this run or in another: verdicts are remembered. */
function contents(runs: number) {
  return (id: number): Buffer =>
    Buffer.from(
      `From: alice@example.com\r\nTo: bob@example.com\r\nSubject: run ${runs} mail ${id}\r\nDate: Fri, 06 Nov 2026 10:00:00 +0000\r\n` +
        `Message-ID: <${runs}.${id}@chaos.example>\r\n${isInfected(id) ? `${mark}\r\n` : ""}\r\nmail ${id} of run ${runs}\r\n`,
    );
}

/** What spamd says of a mail, in a header of four megabytes that does not end. */
const endlessHeader = `SPAMD/1.1 0 EX_OK\r\nSpam: False ; 0.5 / 5.0\r\n\r\n${"X-Long: and on and on\r\n".repeat(180_000)}`;

/** `extra`: more lines of signpost.yaml; `env`: more of the daemon's environment. */
export async function startScannerStage(
  seed: number,
  extra = "",
  env: Readonly<Record<string, string>> = {},
): Promise<ScannerStage> {
  const [clamd, spamd, redis] = [await startFakeClamd(), await startFakeSpamd(), await startFakeRedis()];
  const stage = await startStage(seed, {
    dnsTimeout: "0.5s",
    env,
    extra: `
limits: { message_time: 30s }
av_scanners: [{ name: ClamAV, type: clamd, address: "${clamd.address}", timeout: 1s }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${spamd.address}", timeout: 1s }]
virus_scanners_failure_is_fatal: true
final_virus_destiny: D_DISCARD
QUARANTINEDIR: "@FOLDER@/quarantine"
redis: { url: "redis://127.0.0.1:${redis.port}", timeout: 0.2s }
${extra}`,
  });
  const folder = join(stage.daemon.folder, "quarantine");
  let runs = seed * 100;

  function healthy(): void {
    clamd.isHung = false;
    spamd.isHung = false;
    clamd.script = ({ octets }) => (octets.includes(mark) ? "stream: Eicar-Test FOUND" : undefined);
    spamd.script = () => undefined;
    redis.fault = () => "none";
  }

  /** What is acknowledged and infected has its copy on disk. */
  async function kept({ ledger }: Scene, before: number): Promise<void> {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const copies = files.filter(({ name }) => name.startsWith("virus-")).length - before;
    const infected = Math.ceil(ledger.acked / 3);
    assert.ok(copies >= infected, `${copies} copies of ${infected} infected mails`);
  }

  const count = 90;
  const scenario = (name: string, more: Partial<Scenario>): Scenario => {
    runs += 1;
    let before = 0;
    return {
      count,
      port: "incoming",
      content: contents(runs),
      infected: isInfected,
      ...more,
      name,
      async first(scene) {
        const files = await readdir(folder, { recursive: true });
        before = files.filter((file) => /(^|\/)virus-/.test(file)).length;
        healthy();
        await more.first?.(scene);
      },
      async look(scene) {
        healthy();
        await kept(scene, before);
        await more.look?.(scene);
      },
    };
  };
  const someClamd = (act: ClamdAct, random: Random = createRandom(seed + 7)) => ({
    async first() {
      const { script } = clamd;
      clamd.script = (mail) => (random.oneIn(3) ? act : script(mail));
    },
  });
  const someSpamd = (act: SpamdAct, random: Random = createRandom(seed + 9)) => ({
    async first() {
      spamd.script = () => (random.oneIn(2) ? act : undefined);
    },
  });
  const redisThat = (fault: Fault) => ({
    async first() {
      redis.fault = () => fault;
    },
  });
  const hungUntil = (scanner: FakeClamd | FakeSpamd) => ({
    async meanwhile({ ledger }: Scene) {
      await ledger.reached(30);
      scanner.isHung = true;
      await setTimeout(1500);
      scanner.isHung = false;
      if ("hangUp" in scanner) scanner.hangUp();
    },
  });

  const downUntil = (scanner: Pick<FakeClamd, "down" | "up">) => ({
    async meanwhile({ ledger }: Scene) {
      await ledger.reached(30);
      await scanner.down();
      await setTimeout(1500);
      await scanner.up();
    },
  });

  healthy();
  return {
    stage,
    clamd,
    spamd,
    redis,
    scenarios: () => [
      scenario("scanners that do their work, every third mail infected", {}),
      scenario("kill -9 three times, every third mail infected", {
        cuts: true,
        async meanwhile({ ledger }) {
          for (const at of [15, 40, 65]) {
            await ledger.reached(at);
            await stage.daemon.kill();
            stage.daemon = await startIn(stage.daemon.folder, stage.daemon.configFile);
          }
        },
      }),
      scenario("clamd that says ERROR", someClamd("stream: Can't allocate memory ERROR")),
      scenario("clamd that talks garbage", someClamd({ raw: "\0\u0007what?\0" })),
      scenario("clamd that answers twice", someClamd({ raw: "1: stream: OK\x001: stream: OK\0" })),
      scenario("clamd that ends connections", someClamd("close")),
      scenario("clamd that resets connections", someClamd("reset")),
      scenario("clamd that hangs for a while", hungUntil(clamd)),
      scenario("clamd that is down for a while", downUntil(clamd)),
      scenario("clamd that is slow", {
        async first() {
          const { script } = clamd;
          clamd.script = async (mail) => {
            await setTimeout(100);
            return script(mail);
          };
        },
      }),
      scenario("spamd that ends connections", someSpamd({ end: "close" })),
      scenario("spamd that talks garbage", someSpamd("SPAMD/9 what?\r\n")),
      scenario("spamd that says EX_TEMPFAIL", someSpamd("SPAMD/1.1 75 EX_TEMPFAIL\r\n\r\n")),
      scenario("spamd that hangs for a while", hungUntil(spamd)),
      scenario("spamd that is down for a while", downUntil(spamd)),
      scenario("spamd whose header has no end", {
        // More than a mail's share of memory each, if it were kept.
        async first() {
          spamd.script = () => endlessHeader;
        },
      }),
      scenario("Redis that is silent", redisThat("silent")),
      scenario("Redis that talks garbage", redisThat("garbage")),
      scenario("Redis that ends connections", redisThat("close")),
      scenario("Redis without memory", redisThat({ error: "OOM command not allowed" })),
    ],
    async close() {
      await stage.close();
      for (const fake of [clamd, spamd, redis] satisfies (FakeClamd | FakeSpamd | FakeRedis)[]) await fake.close();
    },
  };
}

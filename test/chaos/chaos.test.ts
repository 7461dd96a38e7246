// The whole daemon under load and faults of every kind, with a ledger of each mail: nothing lost, nothing called
// delivered too early, nothing refused, nothing doubled that could be spared, nothing changed. `npm run chaos` plays the same
// for as long as is wanted.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, mkdtemp, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { startFilter } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { clientScenarios, daemonScenarios, nextHopScenarios } from "./scenarios.ts";
import { connections, type Stage, stageOptions, startStage } from "./stage.ts";

const shell = promisify(execFile);
/** Mails of the first run: they arrive signed and are what comes in where the DNS is in trouble. */
const signedCount = 50;

let stage: Stage;
let descriptors = 0;

before(async () => {
  stage = await startStage(0, stageOptions);
  stage.filter.dns.ttlSeconds = 0;
  await stage.run({ name: "warming up", count: signedCount, port: "nochecks" });
  descriptors = (await readdir(`/proc/${stage.daemon.pid}/fd`)).length;
});

after(() => stage?.close());

for (const scenario of [...clientScenarios(), ...nextHopScenarios(), ...daemonScenarios()]) {
  test(`${scenario.name}: nothing lost, doubled, refused or changed`, async () => {
    await stage.play(scenario);
  });
}

for (const [fault, result] of [
  ["drop", "temperror"],
  ["servfail", "temperror"],
  ["refused", "temperror"],
  ["garbage", "temperror"],
  ["wrong-id", "temperror"],
  ["wrong-question", "temperror"],
  ["truncate", "pass"],
  ["slow", "pass"],
  ["circle", "temperror"],
  ["huge", "permerror"],
  ["lame", "permerror"],
] as const) {
  test(`DNS that answers with "${fault}": every mail is delivered, with dkim=${result}`, {
    timeout: 60_000,
  }, async () => {
    const signed = stage.hops
      .flatMap(({ mails }) => mails)
      .filter(({ mail }) => mail.startsWith("MAIL FROM:<t1-"))
      .map(({ octets }) => octets);
    assert.equal(signed.length, signedCount);
    stage.filter.dns.fault = () => fault;
    try {
      const ledger = await stage.run({
        name: fault,
        port: "incoming",
        count: signed.length,
        connections: 25,
        content: (id) => signed[id] ?? Buffer.alloc(0),
      });
      assert.equal(ledger.tries, signed.length);
      const arrived = stage.hops.flatMap(({ mails }) =>
        mails.filter(({ mail }) => mail.startsWith(`MAIL FROM:<${ledger.tag}-`)),
      );
      for (const { octets } of arrived) {
        const top = octets.toString("latin1", 0, 2000).replaceAll(/\r\n\s+/g, " ");
        assert.match(
          top,
          new RegExp(`^Authentication-Results: mail\\.example\\.com;.*dkim=${result} .*header\\.d=example\\.com`, "m"),
        );
      }
    } finally {
      stage.filter.dns.fault = () => "none";
    }
    assert.equal((await stage.run({ name: "afterwards", count: 1 })).tries, 1);
  });
}

test("a spool disk that is full for a while: nothing lost, small mail flows", { timeout: 60_000 }, async (t) => {
  const disk = await mkdtemp(join(tmpdir(), "signpost-disk-"));
  try {
    await shell("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk]);
  } catch {
    await rmdir(disk);
    t.skip("mounting a small disk needs root");
    return;
  }
  const { contents, short } = stage;
  const own = await startFilter({
    ...stage.hopOptions,
    spool: `dir: ${disk}, message_memory: 128k, memory: 256k, free_space: 0`,
  });
  stage.hops.push(own.hop);
  const large = Buffer.concat([contents[0] ?? Buffer.alloc(0), Buffer.alloc(23 * 26_000, "All work and no play.\r\n")]);
  const filler = join(disk, "filler");
  try {
    const ledger = await stage.run(
      {
        name: "disk full",
        content: (id) => (id % 2 === 0 ? large : (short[id % short.length] ?? large)),
        async meanwhile({ ledger }) {
          await ledger.reached(30);
          await assert.rejects(writeFile(filler, Buffer.alloc(9_000_000)), { code: "ENOSPC" });
          // Mail that was under way gives its room back when it is delivered: that is filled, too.
          let isOver = false;
          const tried = ledger.tried(ledger.tries + 150).finally(() => {
            isOver = true;
          });
          while (!isOver) {
            await appendFile(filler, Buffer.alloc(1_000_000)).catch(() => undefined);
            await setTimeout(20);
          }
          await tried;
          await rm(filler);
        },
      },
      own.ports,
    );
    assert.ok(ledger.tries > 200, "some were put off");
    assert.deepEqual(await readdir(disk), []);
  } finally {
    await own.close();
    await shell("umount", [disk]);
    await rmdir(disk);
  }
});

test("after all that no descriptor is left open", { timeout: 30_000 }, async (t) => {
  // Idle connections to the next hop are there at any time; the daemon hears of closed ones when it gets to them.
  for (const hop of stage.hops) hop.hangUp();
  const most = descriptors + connections;
  let now = Number.POSITIVE_INFINITY;
  for (let looks = 0; looks < 400 && now > most; looks += 1) {
    await setTimeout(50);
    now = (await readdir(`/proc/${stage.daemon.pid}/fd`)).length;
  }
  t.diagnostic(`${descriptors} descriptors at first, ${now} now`);
  assert.ok(now <= most);
});

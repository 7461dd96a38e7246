// Every worker thread dies again and again while it has jobs: those that sign and verify, those that take mails apart, those
// that keep index and history. Each mail is delivered, at its first try or after a 4xx; none is unsigned or infected.
import assert from "node:assert/strict";
import { dyingThreads } from "../support/dying-threads.ts";
import { freePort } from "../support/free-port.ts";
import { after, before, test } from "../support/limited.ts";
import { type ScannerStage, startScannerStage } from "./scanner-stage.ts";

let metricsPort = 0;
let scanners: ScannerStage;

before(async () => {
  metricsPort = await freePort();
  scanners = await startScannerStage(
    0,
    `metrics: { listen: "127.0.0.1:${metricsPort}" }\npool: { in_place: false }\nundecipherable_subject_tag: ""`,
    dyingThreads(7),
  );
});

after(() => scanners?.close());

async function ended(metric: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${metric}{reason="died"}`));
  return Number(line?.split(" ")[1]);
}

test("threads that die with the seventh answer: all mail is delivered and signed, whatever they had in hand", {
  timeout: 180_000,
}, async () => {
  const { stage } = scanners;
  const large = stage.contents.filter(({ length }) => length > 40_000);
  const ledger = await stage.run({
    name: "dying threads",
    count: 100,
    // Every third is taken apart by a thread.
    content: (id) => (id % 3 === 0 ? large[id % large.length] : stage.contents[id]) ?? Buffer.alloc(0),
  });
  const arrived = stage.hops.flatMap(({ mails }) =>
    mails.filter(({ mail }) => mail.startsWith(`MAIL FROM:<${ledger.tag}-`)),
  );
  for (const { octets } of arrived)
    assert.match(octets.toString("latin1", 0, 4000), /^DKIM-Signature: v=1; .*d=example\.com/m);
  assert.ok((await ended("signpost_worker_restarts_total")) > 3, "threads that sign died");
  assert.ok((await ended("signpost_parts_thread_ends_total")) > 0, "threads that take mails apart died");
});

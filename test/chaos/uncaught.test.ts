// An error that nobody catches ends the daemon at once: mails under way get no reply and come again, none is called delivered.
import assert from "node:assert/strict";
import { once } from "node:events";
import { startIn } from "../support/daemon.ts";
import { test } from "../support/limited.ts";
import { startStage } from "./stage.ts";

const throwing = 'process.on("SIGUSR2",()=>{throw(new(Error)("planned"))})';

test("an error that nobody catches, under load: the daemon ends with 1, and each mail is delivered after its next start", async () => {
  const stage = await startStage(28, {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(throwing)}` },
  });
  try {
    const ledger = await stage.run({
      name: "uncaught",
      count: 80,
      cuts: true,
      async meanwhile({ ledger }) {
        await ledger.reached(30);
        const exited = once(stage.daemon.process, "exit");
        stage.daemon.process.kill("SIGUSR2");
        assert.deepEqual(await exited, [1, null]);
        assert.ok(stage.daemon.lines.some((line) => line.includes("uncaughtException: Error: planned")));
        stage.daemon = await startIn(stage.daemon.folder, stage.daemon.configFile);
      },
    });
    assert.equal(ledger.acked, 80);
  } finally {
    await stage.close();
  }
});

// kill -9 at any moment: under a final name there is a whole copy or nothing, and what was reported as kept is there.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { isUnfinished } from "../../../src/mail/quarantine-names.ts";
import { filesBelow, temporaryFolder } from "../../support/quarantine.ts";

const program = join(import.meta.dirname, "../../support/writes-until-killed.ts");
const whole = `X-Quarantine-ID: <x>\nA: 1\n\n${"some line of text\n".repeat(20_000)}THE END\n`;

for (const template of ["%m", "%m.gz"]) {
  test(`a writer of ${template} that is killed leaves no half copy under a final name`, async (t) => {
    const folder = temporaryFolder(t);
    for (let round = 1; round <= 4; round += 1) {
      const writer = spawn(process.execPath, [program, folder, template], { stdio: ["ignore", "pipe", "inherit"] });
      const reported: string[] = [];
      for await (const line of createInterface(writer.stdout)) {
        reported.push(line);
        // Another one is being written at this moment.
        if (reported.length === round) writer.kill("SIGKILL");
      }
      if (writer.exitCode === null && writer.signalCode === null) await once(writer, "exit");
      assert.equal(writer.signalCode, "SIGKILL");
      const names = unfinishedLeftOut(folder);
      for (const name of reported) assert.ok(names.has(name), `${name} was reported`);
      for (const [name, text] of names) assert.ok(text === whole, `${name} is not whole`);
    }
  });
}

/** Files under final names; compressed ones that are not whole would not even open. */
function unfinishedLeftOut(folder: string): ReadonlyMap<string, string> {
  return new Map([...filesBelow(folder)].filter(([name]) => !isUnfinished(basename(name))));
}

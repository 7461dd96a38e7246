// Runs the dialogs of test/corpora/smtp: the README there explains their form.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { test } from "../support/limited.ts";
import { startReceiver } from "../support/receiver.ts";
import { type SmtpClient, smtpClient } from "../support/smtp-client.ts";

const folder = join(import.meta.dirname, "../corpora/smtp");

/** Everything a mail tells of itself, for the M lines of a dialog. */
function facts(mail: Awaited<ReturnType<typeof startReceiver>>["mails"][number]): Record<string, unknown> {
  const { session, envelope } = mail.transaction;
  const { id, helo, protocol, client } = session;
  const paths = [envelope.sender, ...envelope.recipients].map(({ address, parameters }) =>
    parameters === "" ? `<${address}>` : `<${address}> ${parameters}`,
  );
  return { id, helo, protocol, client, sender: paths[0], recipients: paths.slice(1), octets: mail.octets };
}

function matches(line: string | undefined, wanted: string): boolean {
  if (line === undefined) return wanted === "(closed)";
  return wanted.endsWith("...") ? line.startsWith(wanted.slice(0, -3)) : line === wanted;
}

/** Longer bursts are not sent octet by octet: they would only take time. */
const maxSplitOctets = 4096;

/** The server, in this same thread, gets a turn of the event loop to read each octet on its own. */
async function sendSplit(client: SmtpClient, text: string): Promise<void> {
  for (const octet of text) {
    client.send(octet);
    await setImmediate();
  }
}

async function run(t: TestContext, file: string, split: boolean): Promise<void> {
  const lines = readFileSync(join(folder, file), "utf8").split("\n");
  const setup = lines.find((line) => line.startsWith("O: "))?.slice(3) ?? "{}";
  const receiver = await startReceiver(t, { options: JSON.parse(setup) });
  const client = smtpClient(receiver.port);
  let outgoing = "";
  for (const [index, line] of lines.entries()) {
    const place = `${file}:${index + 1}`;
    const kind = line.slice(0, 3);
    const text = line.slice(3);
    if (kind === "C: ") outgoing += `${text}\r\n`;
    else if (kind === "C> ") outgoing += JSON.parse(text);
    else if (kind === "C* ") {
      const [count = "0", ...rest] = text.split(" ");
      outgoing += `${rest.join(" ")}\r\n`.repeat(Number(count));
    } else if (kind === "S: " || kind === "S* ") {
      if (split && outgoing.length <= maxSplitOctets) await sendSplit(client, outgoing);
      else if (outgoing !== "") client.send(outgoing);
      outgoing = "";
      const [count = "1", ...rest] = kind === "S* " ? text.split(" ") : ["1", text];
      for (let i = 0; i < Number(count); i += 1) {
        const got = await client.line();
        assert.ok(matches(got, rest.join(" ")), `${place}: got ${JSON.stringify(got ?? "(closed)")}`);
      }
    } else if (kind === "M: ") {
      const mail = receiver.mails.shift();
      assert.ok(mail, `${place}: no mail came`);
      const all = facts(mail);
      const wanted = JSON.parse(text);
      const got = Object.fromEntries(Object.keys(wanted).map((key) => [key, all[key]]));
      assert.deepEqual(got, wanted, place);
    } else if (line !== "" && !line.startsWith("#") && kind !== "O: ") {
      assert.fail(`${place}: not understood: ${line}`);
    }
  }
  assert.equal(outgoing, "", `${file}: ends with something sent and nothing awaited`);
  assert.equal(receiver.mails.length, 0, `${file}: a mail came that the dialog does not tell of`);
  client.socket.destroy();
}

for (const file of readdirSync(folder).filter((name) => name.endsWith(".dialog"))) {
  const name = file.replace(".dialog", "").replaceAll("-", " ");
  test(`dialog: ${name}`, { timeout: 20_000 }, (t) => run(t, file, false));
  test(`dialog, octet by octet: ${name}`, { timeout: 20_000 }, (t) => run(t, file, true));
}

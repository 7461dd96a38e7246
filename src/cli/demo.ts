// `signpost demo`: the whole thing in one process. A mail enters on the signing path, comes out signed, enters again on
// the incoming path, comes out verified; then once more with one word changed on the way.
import { createPrivateKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDaemon } from "../daemon/start-daemon.ts";
import { createFixedResolver, parseFixedZone } from "../dns/fixed-zone.ts";
import type { Log } from "../log/log.ts";
import { splitHeader } from "../mail/header.ts";
import { loadSettings } from "../reading/load-settings.ts";
import { createRelay } from "../relay/relay.ts";
import { generateRsaKey } from "../signing/generate.ts";
import { publicKeyData, recordStrings } from "../signing/record-text.ts";
import { formatReply } from "../smtp/reply.ts";
import { type Command, exitCode, type Io, UsageError } from "./command.ts";
import { startDemoNextHop } from "./demo-next-hop.ts";

const mail = [
  "From: Alice <alice@example.com>",
  "To: Bob <bob@example.com>",
  "Subject: Lunch on Friday?",
  "Date: Fri, 06 Nov 2026 10:00:00 +0000",
  "Message-ID: <lunch@example.com>",
  "MIME-Version: 1.0",
  "Content-Type: text/plain; charset=utf-8",
  "",
  "Shall we meet at noon?",
  "",
].join("\r\n");

export const demo: Command = {
  name: "demo",
  summary: "show the main job with an embedded next hop and DNS: a mail is signed, sent back in and verified",
  usage: "",
  async run(args, io) {
    if (args.length > 0) throw new UsageError(`unexpected argument "${args[0]}"`);
    const folder = await mkdtemp(join(tmpdir(), "signpost-demo-"));
    try {
      await show(folder, io);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return exitCode.ok;
  },
};

async function show(folder: string, io: Io): Promise<void> {
  const bold = (text: string) => (io.terminal ? `\x1b[1m${text}\x1b[0m` : text);
  const green = (text: string) => (io.terminal ? `\x1b[32m${text}\x1b[0m` : text);
  const say = (text = "") => io.stdout(`${text}\n`);
  const step = (number: number, text: string) => say(`\n${bold(`${number}. ${text}`)}\n`);
  const quote = (text: string, paint = (line: string) => line) => {
    for (const line of text.replace(/\r\n$/, "").split("\r\n")) say(`   ${paint(line)}`);
  };

  say("signpost stands between two smtpd services of Postfix. This shows what it does to a mail on the way out and on");
  say("the way in; next hop and DNS are part of the demo, everything else is the daemon as it runs for real.");

  step(1, "A signing key for example.com, and the record that publishes it");
  const keyFile = join(folder, "example.com.demo.pem");
  const pem = await generateRsaKey(2048);
  await writeFile(keyFile, pem, { mode: 0o600 });
  const key = createPrivateKey(pem);
  say("   signpost genrsa example.com.demo.pem");
  say(`   demo._domainkey.example.com. TXT "v=DKIM1; p=${publicKeyData(key).slice(0, 40)}..."`);
  const zone = parseFixedZone({ "demo._domainkey.example.com": { TXT: [recordStrings({}, key)] } });

  step(2, "The filter starts, with two of its three paths");
  await using open = new AsyncDisposableStack();
  const nextHop = await startDemoNextHop();
  open.defer(() => nextHop.close());
  const [incoming, originating] = [await freePort(), await freePort()];
  const configuration = [
    "myhostname: mail.example.com",
    "local_domains_maps: [[.example.com]]",
    "mynetworks: []",
    "enable_dkim_verification: true",
    "enable_dkim_signing: true",
    "dkim_keys:",
    `  - { domain: example.com, selector: demo, file: ${JSON.stringify(keyFile)} }`,
    `inet_socket_port: [${incoming}, ${originating}]`,
    "inet_socket_bind: [127.0.0.1]",
    `forward_method: "smtp:[127.0.0.1]:${nextHop.port}"`,
    `interface_policy: { "${originating}": ORIGINATING }`,
    "policy_bank:",
    "  ORIGINATING: { originating: true }",
    "",
  ];
  const configFile = join(folder, "signpost.yaml");
  await writeFile(configFile, configuration.join("\n"));
  const { settings, problems } = await loadSettings(configFile, folder);
  if (settings === undefined) throw new Error(problems.map(({ message }) => message).join("; "));
  const lines: string[] = [];
  const daemon = await startDaemon(settings, {
    resolve: createFixedResolver(zone),
    log: collect(lines),
    // Root stays root: the demo ends with the command.
    daemonUser: {},
  });
  open.defer(() => daemon.stop());
  const client = createRelay({ localhost_name: "postfix.example.com" });
  open.defer(() => client.close());
  say(`   listening on 127.0.0.1:${incoming} (incoming: verify) and 127.0.0.1:${originating} (ORIGINATING: sign)`);

  /** Sends a mail to one of the filter's ports; shows the reply; gives what came out at the next hop. */
  async function pass(port: number, sender: string, octets: Uint8Array): Promise<string> {
    const [delivery] = await client([outgoing(port, sender, octets)], () => true);
    const reply = delivery?.replies[0];
    if (reply === undefined || reply.code !== 250)
      throw new Error(`refused: ${reply === undefined ? "" : formatReply(reply)}`);
    say(`   reply: ${formatReply(reply)}`);
    const out = Buffer.from(await nextHop.take()).toString("latin1");
    await waitForLine(lines);
    say(`   log:   ${lines.splice(0).join("\n          ")}`);
    say();
    return out;
  }

  step(3, `Alice's mail enters on the signing path, port ${originating}`);
  quote(mail);
  say();
  const signed = await pass(originating, "alice@example.com", Buffer.from(mail));
  say("   It left with a signature on top:");
  quote(headerField(signed, "dkim-signature"), green);

  step(4, `The same octets come back from outside, on the incoming path, port ${incoming}`);
  const arrived = await pass(incoming, "alice@example.com", Buffer.from(signed, "latin1"));
  say("   The signature was checked against the record of step 1, and the finding noted for Bob's mail program:");
  quote(headerField(arrived, "authentication-results"), green);

  step(5, "Once more, with one word changed on the way");
  const forged = signed.replace("at noon", "at nine");
  const caught = await pass(incoming, "alice@example.com", Buffer.from(forged, "latin1"));
  quote(headerField(caught, "authentication-results"), green);
  say("\nNext: docs/postfix.md puts it beside your Postfix; `npm start` runs it with examples/signpost.yaml.");
}

function outgoing(port: number, sender: string, octets: Uint8Array) {
  const text = Buffer.from(octets);
  const end = text.indexOf("\r\n\r\n") + 2;
  const header = text.subarray(0, end);
  const body = text.subarray(end + 2);
  return {
    nextHop: { protocol: "smtp", host: "127.0.0.1", port },
    session: undefined,
    envelope: {
      sender: { address: sender, parameters: "" },
      recipients: [{ address: "bob@example.com", parameters: "" }],
    },
    message: {
      header,
      fields: splitHeader(header).fields,
      separator: "\r\n",
      body: { kind: "memory", sizeBytes: body.length, chunks: [body] },
    },
  } as const;
}

function headerField(message: string, name: string): string {
  const header = Buffer.from(message.slice(0, message.indexOf("\r\n\r\n") + 2), "latin1");
  const field = splitHeader(header).fields.find((each) => each.name === name);
  return field === undefined ? `(no ${name} field)` : Buffer.from(field.raw).toString("latin1");
}

/** A log that keeps the lines of mails, for showing. */
function collect(lines: string[]): Log {
  return {
    format: "text",
    dropped: 0,
    write: (severity, text) => {
      if (severity === "info") lines.push(text);
    },
    pass() {},
    reopen() {},
    close: async () => {},
  };
}

/** The line is written just after the reply has gone out. */
async function waitForLine(lines: readonly string[]): Promise<void> {
  while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

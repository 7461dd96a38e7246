// The daemon in front of a fake next hop and a fake DNS: what most integration tests start from.
import { once } from "node:events";
import { createTestKey, type DaemonProcess, startDaemonProcess, type TestKey } from "./daemon.ts";
import { type FakeDns, startFakeDns } from "./fake-dns.ts";
import { type FakeNextHop, type FakeNextHopOptions, startFakeNextHop } from "./fake-next-hop.ts";
import { freePort } from "./free-port.ts";
import { type SmtpClient, smtpClient } from "./smtp-client.ts";

export interface Filter {
  readonly daemon: DaemonProcess;
  readonly hop: FakeNextHop;
  readonly dns: FakeDns;
  readonly ports: { readonly incoming: number; readonly originating: number; readonly nochecks: number };
  readonly keys: { readonly rsa: TestKey; readonly ed25519: TestKey };
  /** The text of signpost.yaml, to be written again with changes. */
  readonly config: string;
  close(): Promise<void>;
}

export interface FilterOptions extends FakeNextHopOptions {
  /** Lines of signpost.yaml beside the usual ones. */
  readonly extra?: string;
  /** Members of `dns` beside the usual ones: ", message_lookups: 3". */
  readonly dns?: string;
  /** How long a question waits: for longer than a busy machine may stop, unless silence is what is looked at. */
  readonly dnsTimeout?: string;
  /** Keys of the bank ORIGINATING beside the usual ones, as a flow mapping's members. */
  readonly originating?: string;
  /** Members of the group `spool`; @FOLDER@ is the daemon's own folder. */
  readonly spool?: string;
  /** More of the daemon's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export const recipients = ["one@example.com", "two@example.com", "three@example.com"] as const;

export async function startFilter({
  extra = "",
  originating = "",
  dns: moreDns = "",
  dnsTimeout = "10s",
  spool = 'dir: "@FOLDER@", free_space: 1M',
  env = {},
  ...hopOptions
}: FilterOptions = {}): Promise<Filter> {
  const hop = await startFakeNextHop(hopOptions);
  const keys = { rsa: createTestKey("rsa"), ed25519: createTestKey("ed25519") };
  const dns = await startFakeDns({
    "r._domainkey.example.com": { TXT: [keys.rsa.record] },
    "e._domainkey.example.com": { TXT: [keys.ed25519.record] },
  });
  const [incoming, signing, nochecks] = [await freePort(), await freePort(), await freePort()];
  const config = `
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [192.0.2.0/24]
enable_dkim_verification: true
enable_dkim_signing: true
dkim_keys:
  - { domain: example.com, selector: r, key: ${JSON.stringify(keys.rsa.pem)} }
  - { domain: example.com, selector: e, key: ${JSON.stringify(keys.ed25519.pem)} }
dkim_signature_options_bysender_maps:
  - { ".": { ttl: 21d, c: relaxed/simple } }
inet_socket_port: [${incoming}, ${signing}, ${nochecks}]
inet_socket_bind: [127.0.0.1]
forward_method: "smtp:[127.0.0.1]:${hop.port}"
notify_method: "smtp:[127.0.0.1]:${hop.port}"
interface_policy: { "${signing}": ORIGINATING, "${nochecks}": NOCHECKS }
policy_bank:
  ORIGINATING: { originating: true${originating === "" ? "" : `, ${originating}`} }
  NOCHECKS: { originating: true, mynetworks_maps: [], enable_dkim_verification: false }
dns: { servers: ["127.0.0.1:${dns.server.port}"], timeout: ${dnsTimeout}, tries: 1${moreDns} }
spool: { ${spool} }
${extra}
`;
  const daemon = await startDaemonProcess(config, "signpost.yaml", { env });
  return {
    daemon,
    hop,
    dns,
    keys,
    config: config.replaceAll("@FOLDER@", daemon.folder),
    ports: { incoming, originating: signing, nochecks },
    async close() {
      await daemon.stop();
      await hop.close();
      await dns.close();
    },
  };
}

/** Past the greeting and EHLO. */
export async function connected(port: number): Promise<SmtpClient> {
  const client = smtpClient(port);
  await client.reply();
  await client.ask("EHLO client.example");
  return client;
}

export interface Submission {
  readonly from?: string;
  readonly to?: readonly string[];
  /** The message, dots not stuffed. */
  readonly data: string | Buffer;
}

/** One mail over an open connection: the reply to its final dot, or the reply that ended it before. */
export async function submit(
  client: SmtpClient,
  { from = "alice@example.com", to = [recipients[0]], data }: Submission,
): Promise<string> {
  const mail = await client.ask(`MAIL FROM:<${from}>`);
  if (!mail.startsWith("250")) return mail;
  for (const recipient of to) {
    const reply = await client.ask(`RCPT TO:<${recipient}>`);
    if (!reply.startsWith("250")) return reply;
  }
  const go = await client.ask("DATA");
  if (!go.startsWith("354")) return go;
  const octets = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  const stuffed =
    octets.indexOf("\n.") === -1 ? octets : Buffer.from(octets.toString("latin1").replaceAll("\n.", "\n.."), "latin1");
  if (!client.socket.write(stuffed)) await once(client.socket, "drain");
  return client.ask(".");
}

export function mailText(subject: string, body = "Hello there.\r\n"): string {
  return (
    `From: Alice <alice@example.com>\r\nTo: somebody@example.net\r\nSubject: ${subject}\r\n` +
    `Date: Fri, 06 Nov 2026 10:00:00 +0000\r\nMessage-ID: <${subject.replaceAll(/\W/g, "-")}@example.com>\r\n\r\n${body}`
  );
}

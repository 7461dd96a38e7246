// Mail of all kinds through a filter: signed, unsigned, verified, forged, refused, put off, large, broken off. For
// whoever wants every metric to move.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestKey } from "./daemon.ts";
import { startFakeClamd } from "./fake-clamd.ts";
import { startFakeSpamd } from "./fake-spamd.ts";
import { type Filter, startFilter } from "./filter.ts";
import { freePort } from "./free-port.ts";
import { sendMail } from "./send-mail.ts";
import { smtpClient } from "./smtp-client.ts";

export interface Scene {
  readonly filter: Filter;
  readonly metricsPort: number;
  /** One of each kind; `round` makes their names differ. */
  sendRound(round: number): Promise<void>;
  close(): Promise<void>;
}

const rejected = "no-such-user@example.com";
const later = "greylisted@example.com";

export async function startScene(): Promise<Scene> {
  const metricsPort = await freePort();
  const clamd = await startFakeClamd();
  const spamd = await startFakeSpamd();
  const keyDir = await mkdtemp(join(tmpdir(), "signpost-keys-"));
  const fileKey = createTestKey("ed25519");
  await mkdir(join(keyDir, "example.net"));
  await writeFile(join(keyDir, "example.net", "s.pem"), fileKey.pem, { mode: 0o600 });
  const filter = await startFilter({
    extra: `
dkim_key_dir: ${JSON.stringify(keyDir)}
metrics: { listen: "127.0.0.1:${metricsPort}" }
control: { socket: "@FOLDER@/control.sock" }
enable_spf_verification: true
enable_dmarc_verification: true
enable_arc_verification: true
smtpd_message_size_limit: 3M
pool: { in_place: false }
QUARANTINEDIR: "@FOLDER@/quarantine"
archive_quarantine_method: "local:%m"
av_scanners: [{ name: ClamAV, type: clamd, address: "${clamd.address}" }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${spamd.address}" }]
inet_acl: [127.0.0.1, 127.0.0.2]
`,
    originating:
      'dkim_signature_options_bysender_maps: [{ "ed@example.com": { a: ed25519-sha256 }, ".": { c: relaxed/simple } }]',
    script: ({ stage, line }) => {
      if (stage !== "rcpt") return undefined;
      if (line.includes(rejected)) return "550 5.1.1 No such user";
      return line.includes(later) ? "451 4.7.1 Greylisted" : undefined;
    },
  });
  const { dns, keys, ports, hop } = filter;
  dns.serve({
    "r._domainkey.example.com": { TXT: [keys.rsa.record] },
    "e._domainkey.example.com": { TXT: [keys.ed25519.record] },
    "s._domainkey.example.net": { TXT: [fileKey.record] },
    "example.com": { TXT: [["v=spf1 ip4:192.0.2.1 -all"]] },
    "_dmarc.example.com": { TXT: [["v=DMARC1; p=reject"]] },
    "elsewhere.example": { TXT: [["v=spf1 ip4:198.51.100.7 ~all"]] },
    "_dmarc.elsewhere.example": { TXT: [["v=DMARC1; p=none"]] },
  });
  dns.fault = ({ name }) => (name.includes("servfail") ? "servfail" : "none");

  async function sendRound(round: number): Promise<void> {
    const [bob, carol] = ["bob@example.com", "carol@elsewhere.example"];
    const own = (from: string, body = "hello\r\n") =>
      `From: ${from}\r\nTo: ${carol}\r\nSubject: ${round}\r\nMessage-ID: <${round}.${from}>\r\n\r\n${body}`;
    const signed = async (from: string) => {
      const before = hop.mails.length;
      await sendMail(ports.originating, { octets: own(from), sender: from, recipients: [carol] });
      return hop.mails[before]?.octets.toString("latin1") ?? "";
    };
    const incoming = (octets: string, sender: string, address = "192.0.2.1", recipients: readonly string[] = [bob]) =>
      sendMail(ports.incoming, { octets, sender, recipients, xforward: `ADDR=${address} NAME=mx.example` });

    const rsa = await signed("alice@example.com");
    await signed("ed@example.com");
    // Not ours to sign, although our own sends it; two authors; no author.
    await sendMail(ports.originating, {
      octets: own("x@unknown.example"),
      sender: "x@unknown.example",
      recipients: [carol],
    });
    await sendMail(ports.originating, {
      octets: own("alice@example.com, x@unknown.example"),
      sender: "alice@example.com",
      recipients: [carol],
    });
    await sendMail(ports.nochecks, { octets: `Subject: ${round}\r\n\r\nhello\r\n`, sender: "", recipients: [carol] });

    await incoming(rsa, "alice@example.com");
    await incoming(rsa.replace("hello", "hullo"), "alice@example.com");
    await incoming(rsa.replace("d=example.com", "d=servfail.example"), "alice@example.com");
    await incoming(rsa.replace("s=r;", `s=gone${round};`), "alice@example.com", "203.0.113.9");
    await incoming(own("news@elsewhere.example"), "news@elsewhere.example", "198.51.100.7");
    await incoming(own("news@elsewhere.example"), "news@elsewhere.example", "203.0.113.9");
    await incoming(own("a@plain.example"), "a@plain.example", "203.0.113.9", [bob, rejected]);
    await incoming(own("a@plain.example"), "a@plain.example", "203.0.113.9", [later]);
    await incoming(own("a@plain.example"), "a@plain.example", "203.0.113.9", [rejected]);
    // Over one block: hashed while it arrives. Over the limit: refused.
    await sendMail(ports.originating, {
      octets: own("alice@example.com", `${"x".repeat(76)}\r\n`.repeat(8000)),
      sender: "alice@example.com",
      recipients: [carol],
    });
    if (round % 4 === 0)
      await incoming(own("a@plain.example", `${"x".repeat(76)}\r\n`.repeat(45_000)), "a@plain.example");

    const clumsy = smtpClient(ports.incoming);
    await clumsy.reply();
    await clumsy.ask("EHLO clumsy.example");
    await clumsy.ask("NONSENSE");
    await clumsy.ask("MAIL FROM:<a@b.example>");
    await clumsy.ask("RCPT TO:<bob@example.com>");
    await clumsy.ask("DATA");
    clumsy.send("Subject: never finished\r\n");
    clumsy.socket.destroy();
    await turnedAway(ports.incoming);
  }

  async function close(): Promise<void> {
    await filter.close();
    await clamd.close();
    await spamd.close();
    await rm(keyDir, { recursive: true });
  }

  return { filter, metricsPort, sendRound, close };
}

/** A peer outside inet_acl. */
function turnedAway(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.9" });
    socket.on("error", () => undefined);
    socket.on("data", () => undefined);
    socket.on("close", () => resolve());
  });
}

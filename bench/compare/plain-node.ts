// What one would write first: smtp-server, mailauth and nodemailer put together, all on one thread. The adapter, and the
// filter itself when it is started as a program.
import { setServers } from "node:dns";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { SMTPServer } from "smtp-server";
import { type Peer, startProgram } from "./peer.ts";

export const plainNode: Peer = {
  name: "smtp-server + mailauth + nodemailer",
  works: ["pass", "sign-rsa", "verify"],
  pace: { connections: 8, messages: 1200, warmUp: 4000, large: 4, perSecond: 400 },
  version() {
    try {
      const read = createRequire(import.meta.url);
      const of = (name: string): string =>
        JSON.parse(readFileSync(read.resolve(`${name}/package.json`), "utf8")).version;
      return `${of("smtp-server")} + ${of("mailauth")} + ${of("nodemailer")}`;
    } catch {
      return undefined;
    }
  },
  async start(work, { keyFiles, nextHopPort, dnsPort, freePort }) {
    const port = await freePort();
    const settings = { work, port, nextHopPort, keyFile: keyFiles.rsa, dnsPort };
    return startProgram({
      command: process.execPath,
      args: [fileURLToPath(import.meta.url), JSON.stringify(settings)],
      place: port,
      speaks: "smtp",
    });
  },
};

interface PlainSettings {
  readonly work: string;
  readonly port: number;
  readonly nextHopPort: number;
  readonly keyFile: string;
  readonly dnsPort: number;
}

async function serve({ work, port, nextHopPort, keyFile, dnsPort }: PlainSettings): Promise<void> {
  const load = createRequire(import.meta.url);
  const { dkimSign } = load("mailauth/lib/dkim/sign");
  const { dkimVerify } = load("mailauth/lib/dkim/verify");
  const { createTransport } = load("nodemailer");
  const transport = createTransport({
    host: "127.0.0.1",
    port: nextHopPort,
    pool: true,
    maxConnections: 16,
    maxMessages: 1e9,
    ignoreTLS: true,
  });
  const privateKey = readFileSync(keyFile, "utf8");
  // mailauth asks Node's resolver when it is given none.
  setServers([`127.0.0.1:${dnsPort}`]);

  async function treat(message: Buffer): Promise<Buffer> {
    if (work === "pass") return message;
    if (work === "verify") {
      const { results } = await dkimVerify(Readable.from([message]), { strict: true });
      const [first] = results;
      const field = `Authentication-Results: filter.example.net; dkim=${first?.status?.result ?? "none"} header.d=${first?.signingDomain ?? ""}\r\n`;
      return Buffer.concat([Buffer.from(field), message]);
    }
    const { signatures } = await dkimSign(message, {
      canonicalization: "relaxed/relaxed",
      strict: true,
      signatureData: [{ signingDomain: "example.com", selector: "rsa", privateKey }],
    });
    return Buffer.concat([Buffer.from(signatures), message]);
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, callback) {
      buffer(stream)
        .then(treat)
        .then((raw) => {
          const { mailFrom, rcptTo } = session.envelope;
          const envelope = {
            from: mailFrom === false ? "" : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
          };
          return transport.sendMail({ envelope, raw });
        })
        .then(
          () => callback(null, "Ok"),
          (error: Error) => callback(error),
        );
    },
  });
  server.on("error", () => {});
  server.listen(port, "127.0.0.1");
}

const [, program, argument] = process.argv;
if (program === fileURLToPath(import.meta.url) && argument !== undefined) await serve(JSON.parse(argument));

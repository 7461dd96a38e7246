// Two next hops, a DNS and the daemon with a configuration of the test's: which way a mail took is seen by who got it.
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type DaemonProcess, startIn } from "./daemon.ts";
import { type FakeDns, startFakeDns } from "./fake-dns.ts";
import { type FakeNextHop, type ReceivedMail, startFakeNextHop } from "./fake-next-hop.ts";
import { freePort } from "./free-port.ts";
import { type MailToSend, sendMail } from "./send-mail.ts";

export interface Paths {
  readonly daemon: DaemonProcess;
  readonly dns: FakeDns;
  /** The ports that the daemon listens on. */
  readonly ports: readonly number[];
  /** Sends one mail in and tells what became of it. */
  send(mail: Partial<MailToSend> & { readonly octets: string }, port?: number): Promise<Passed>;
  /** All that a hop got. */
  arrived(hop: "A" | "B"): readonly ReceivedMail[];
  close(): Promise<void>;
}

export interface Passed {
  readonly reply: string;
  /** The hop that got it: "A" is what @A@ stands for in the configuration, "B" what @B@ does. */
  readonly hop: "A" | "B" | undefined;
  /** What arrived there. */
  readonly text: string;
  readonly mail: ReceivedMail | undefined;
  /** The daemon's log line. */
  readonly log: string;
}

export interface PathsOptions {
  /**
   * The configuration; @A@ and @B@ are the methods of the hops, @0@, @1@, … ports, @DNS@ the DNS server, @FOLDER@ the
   * folder it is in.
   */
  readonly config: string;
  /** signpost.yaml, or a name with another ending. */
  readonly name?: string;
  readonly ports?: number;
  /** Further files of the folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly zone?: unknown;
}

export async function startPaths({
  config,
  name = "signpost.yaml",
  ports: count = 1,
  files = {},
  zone = {},
}: PathsOptions): Promise<Paths> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-test-"));
  const hops = { A: await startFakeNextHop(), B: await startFakeNextHop() };
  const dns = await startFakeDns(zone);
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  const methodOf = ({ port }: FakeNextHop) => `smtp:[127.0.0.1]:${port}`;
  const text = ports.reduce(
    (written, port, index) => written.replaceAll(`@${index}@`, String(port)),
    config
      .replaceAll("@A@", methodOf(hops.A))
      .replaceAll("@B@", methodOf(hops.B))
      .replaceAll("@FOLDER@", folder)
      .replaceAll("@DNS@", `127.0.0.1:${dns.server.port}`),
  );
  for (const [file, content] of Object.entries({ ...files, [name]: text })) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), content);
  }
  const closeAll = () => Promise.all([hops.A.close(), hops.B.close(), dns.close()]);
  const daemon = await startIn(folder, join(folder, name)).catch(async (error: unknown) => {
    await closeAll();
    throw error;
  });
  return {
    daemon,
    dns,
    ports,
    arrived: (hop) => hops[hop].mails,
    async send(mail, port = ports[0] ?? 0) {
      // The lines of earlier mails are there: each mail waits for its own.
      const from = daemon.lines.length;
      const before = { A: hops.A.mails.length, B: hops.B.mails.length };
      const reply = await sendMail(port, { sender: "sender@sender.example", recipients: ["joe@example.com"], ...mail });
      const log = await daemon.line(" mail_id: ", from);
      const hop = (["A", "B"] as const).find((each) => hops[each].mails.length > before[each]);
      const received = hop === undefined ? undefined : hops[hop].mails.at(-1);
      return { reply, hop, text: received?.octets.toString("latin1") ?? "", mail: received, log };
    },
    async close() {
      await daemon.stop();
      await closeAll();
    },
  };
}

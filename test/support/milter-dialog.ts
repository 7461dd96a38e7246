// Dialogs of an MTA with its milter as text: a line for each packet, who sent it, its letter, its data. Recorded by a man in the
// middle, played back by a test.
import { connect, createServer, type Socket } from "node:net";
import { packet } from "../../src/milter/packet.ts";
import { freePort } from "./free-port.ts";

export interface DialogPacket {
  readonly from: "mta" | "filter";
  readonly command: string;
  /** One character per octet. */
  readonly data: string;
}

/** What the filter is set up as, when a dialog is recorded and when it is played back. */
export function dialogSettings(milterPort: number, dnsPort: number, key: string): string {
  return `
myhostname: mail.example.com
local_domains_maps: [[.example.com]]
mynetworks: [127.0.0.1/32]
enable_dkim_verification: true
enable_dmarc_verification: true
final_dmarc_destiny: D_REJECT
final_bad_header_destiny: D_DISCARD
bad_header_quarantine_method: "hold:"
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: r, key: ${JSON.stringify(key)} }]
inet_socket_port: []
milter_listen: [{ address: "127.0.0.1:${milterPort}" }]
dns: { servers: ["127.0.0.1:${dnsPort}"] }
`;
}

export const dialogRecords = { "_dmarc.strict.example": { TXT: ["v=DMARC1; p=reject"] } };

/** "> L Subject\0 a\n\tb\0"; lines with "#" are for people. */
export function printDialog(packets: readonly DialogPacket[], about: readonly string[]): string {
  const lines = packets.map(({ from, command, data }) => {
    const text = data.replace(/[^\x20-\x5b\x5d-\x7e]/g, escaped);
    return `${from === "mta" ? ">" : "<"} ${command}${text === "" ? "" : ` ${text}`}`;
  });
  return `${[...about.map((line) => `# ${line}`), ...lines].join("\n")}\n`;
}

const named: Readonly<Record<string, string>> = { "\0": "\\0", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function escaped(char: string): string {
  return named[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

export function readDialog(text: string): readonly DialogPacket[] {
  const packets: DialogPacket[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, direction, command = "", data = ""] = /^([<>]) (.)(?: (.*))?$/.exec(line) ?? [];
    if (direction === undefined) throw new Error(`no packet: ${line}`);
    packets.push({ from: direction === ">" ? "mta" : "filter", command, data: data.replace(/\\(x..|.)/g, unescaped) });
  }
  return packets;
}

function unescaped(_: string, word: string): string {
  if (word.startsWith("x")) return String.fromCharCode(Number.parseInt(word.slice(1), 16));
  return Object.keys(named).find((char) => named[char] === `\\${word}`) ?? word;
}

/** What differs each time (signatures, log ids) stands as "...". */
export function steady({ from, command, data }: DialogPacket): DialogPacket {
  if (from === "mta") return { from, command, data };
  const text = data.replace(/(DKIM-Signature\0)[^\0]*/, "$1...").replace(/\bid=[^\s\0]+/, "id=...");
  return { from, command, data: text };
}

export function octetsOf({ command, data }: DialogPacket): Buffer {
  return packet(command, data);
}

/** Cuts octets into packets, however they come. */
export function createCutter(take: (command: string, data: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
      const end = 4 + rest.readUInt32BE(0);
      take(rest.toString("latin1", 4, 5), rest.toString("latin1", 5, end));
      rest = rest.subarray(end);
    }
  };
}

export interface Recorder {
  readonly port: number;
  /** One list for each connection, in their order. */
  readonly dialogs: readonly (readonly DialogPacket[])[];
  /** Resolves once no connection is open. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

/** Stands between an MTA and its milter, and keeps what they say. */
export async function startRecorder(milterPort: number): Promise<Recorder> {
  const dialogs: DialogPacket[][] = [];
  const open = new Set<Socket>();
  const server = createServer((mta) => {
    const dialog: DialogPacket[] = [];
    dialogs.push(dialog);
    const filter = connect({ host: "127.0.0.1", port: milterPort, noDelay: true });
    for (const [one, other, from] of [
      [mta, filter, "mta"],
      [filter, mta, "filter"],
    ] as const) {
      open.add(one);
      const cut = createCutter((command, data) => dialog.push({ from, command, data }));
      one.on("data", (chunk: Buffer) => {
        cut(chunk);
        other.write(chunk);
      });
      one.on("end", () => other.end());
      one.on("error", () => other.destroy());
      one.on("close", () => open.delete(one));
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port,
    dialogs,
    async quiet() {
      while (open.size > 0) await new Promise((resolve) => [...open].at(0)?.once("close", resolve));
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// A mail from a file or from standard input, as if it had just come in: octets, an envelope, a client.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { splitHeader } from "../mail/header.ts";
import type { Message, MessageOctets } from "../mail/message.ts";
import { concatShared } from "../mail/shared-octets.ts";
import type { ClientFacts, Envelope, ListenerName, Transaction } from "../mail/transaction.ts";
import type { Io } from "./command.ts";

export interface FileArrival {
  readonly listener: ListenerName;
  readonly envelope: Envelope;
  readonly client: ClientFacts;
  /** Epoch, milliseconds. */
  readonly receivedAtMs: number;
}

/** "-" is standard input. Rejects as node:fs does. */
export function readMessageFile(file: string, io: Pick<Io, "stdin" | "cwd">): Promise<Uint8Array> {
  return file === "-" ? io.stdin() : readFile(resolve(io.cwd, file));
}

/**
 * A message as it would have come over SMTP. A file with Unix line ends throughout gets CRLF; in any other a lone CR or
 * LF becomes a space, as on arrival.
 */
export function messageOf(octets: Uint8Array): Message {
  const text = Buffer.from(octets).toString("latin1");
  const wire = text.includes("\r\n") ? text.replace(/\r(?!\n)|(?<!\r)\n/g, " ") : text.replaceAll("\n", "\r\n");
  // What comes over SMTP ends with a line end.
  const whole = wire === "" || wire.endsWith("\r\n") ? wire : `${wire}\r\n`;
  const end = whole.startsWith("\r\n") ? 0 : whole.indexOf("\r\n\r\n") + 2;
  const inHeader = end === 1;
  const header = concatShared([Buffer.from(inHeader ? whole : whole.slice(0, end), "latin1")]);
  const body = concatShared([Buffer.from(inHeader ? "" : whole.slice(end + 2), "latin1")]);
  return {
    header,
    ...splitHeader(header),
    separator: inHeader ? "" : "\r\n",
    body: { kind: "memory", sizeBytes: body.length, chunks: [body] },
  };
}

export function transactionOf(
  octets: Uint8Array,
  { listener, envelope, client, receivedAtMs }: FileArrival,
): Transaction {
  return {
    session: {
      id: `${process.pid}-01`,
      listener,
      peer: { address: "127.0.0.1", port: 0 },
      helo: "localhost",
      protocol: "ESMTP",
      client,
    },
    envelope,
    message: messageOf(octets),
    receivedAtMs,
    arrivedMs: performance.now(),
  };
}

/** The whole message as it leaves. */
export function wireOctets({ header, separator, body }: MessageOctets): Uint8Array {
  const chunks = body.kind === "memory" ? body.chunks : [];
  return Buffer.concat([header, Buffer.from(separator), ...chunks]);
}

// Mails to hand to scanners: in memory, or in something that behaves like a spool file.

import { splitHeader } from "../../src/mail/header.ts";
import { type Message, messageSizeBytes } from "../../src/mail/message.ts";

const defaultHeader = "From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\n";

export function memoryMail(body: string | Buffer = "A line.\r\n", header = defaultHeader): Message {
  const octets = Buffer.from(body);
  return {
    header: Buffer.from(header),
    fields: splitHeader(Buffer.from(header)).fields,
    separator: "\r\n",
    body: { kind: "memory", sizeBytes: octets.length, chunks: [octets] },
  };
}

/** Every read hands out the same memory again and again, as a spool file's does. `close`: the file's. */
export function spooledMail(
  body: Buffer,
  chunkBytes = 64 * 1024,
  fail?: Error,
  close: () => Promise<void> = async () => {},
): Message {
  const mail = memoryMail("");
  return {
    ...mail,
    body: {
      kind: "spool",
      sizeBytes: body.length,
      async *read() {
        const memory = Buffer.alloc(chunkBytes);
        try {
          for (let at = 0; at < body.length; at += chunkBytes) {
            if (fail !== undefined && at > 0) throw fail;
            const length = body.copy(memory, 0, at, at + chunkBytes);
            yield memory.subarray(0, length);
          }
        } finally {
          memory.fill(0);
          await close();
        }
      },
    },
  };
}

/** All octets of a mail in one piece. */
export async function wholeMail(message: Message): Promise<Buffer> {
  const { body } = message;
  const pieces: Buffer[] = [];
  if (body.kind === "memory") pieces.push(...body.chunks.map((chunk) => Buffer.from(chunk)));
  else for await (const chunk of body.read()) pieces.push(Buffer.from(chunk));
  const whole = Buffer.concat([Buffer.from(message.header), Buffer.from(message.separator), ...pieces]);
  if (whole.length !== messageSizeBytes(message)) throw new Error("a mail that is not as long as it says");
  return whole;
}

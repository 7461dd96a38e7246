// One mail over one connection, as an MTA would hand it over; gives the final reply.
import { smtpClient } from "./smtp-client.ts";

export interface MailToSend {
  readonly octets: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  /** "ADDR=192.0.2.1 NAME=mx.example" */
  readonly xforward?: string;
  readonly helo?: string;
}

/** Resolves to the first reply that is no 2xx or 3xx, else to that of the final dot. */
export async function sendMail(to: number | string, mail: MailToSend): Promise<string> {
  const client = smtpClient(to);
  const commands = [
    `EHLO ${mail.helo ?? "mta.example.com"}`,
    ...(mail.xforward === undefined ? [] : [`XFORWARD ${mail.xforward}`]),
    `MAIL FROM:<${mail.sender}>`,
    ...mail.recipients.map((recipient) => `RCPT TO:<${recipient}>`),
    "DATA",
    `${mail.octets.replaceAll(/^\./gm, "..")}.`,
  ];
  try {
    await client.reply();
    let last = "";
    for (const command of commands) {
      client.send(`${command}\r\n`);
      last = (await client.reply()).at(-1) ?? "";
      if (!/^[23]/.test(last)) break;
    }
    client.send("QUIT\r\n");
    return last;
  } finally {
    client.socket.end();
  }
}

// What Mailman 3 makes of a post and how it sends it out, by its documents (pipeline handlers, mailman.cfg): subject prefix, List-*
// fields, footer; one connection for the whole fan-out, bulk for most members and a mail of their own for the others (VERP).
import { type SmtpClient, smtpClient } from "./smtp-client.ts";

export interface MailingList {
  /** "list@lists.example.com" */
  readonly address: string;
  readonly prefix: string;
  /** One character per octet. */
  readonly footer: string;
  /** Members who get one mail together, at most `max_recipients` at a time. */
  readonly bulk: readonly string[];
  /** Members whose mail has their own address in it. */
  readonly personal: readonly string[];
}

const maxRecipients = 500;

/** Sends the post, as it came to the list, to all members; the reply to each final dot. */
export async function fanOut(port: number, post: string, list: MailingList): Promise<readonly string[]> {
  const client = smtpClient(port);
  await client.reply();
  client.send("EHLO lists.example.com\r\n");
  await client.reply();
  const bounces = list.address.replace("@", "-bounces@");
  const replies: string[] = [];
  for (let at = 0; at < list.bulk.length; at += maxRecipients) {
    replies.push(await deliver(client, bounces, list.bulk.slice(at, at + maxRecipients), decorate(post, list, "")));
  }
  for (const member of list.personal) {
    const verp = bounces.replace("@", `+${member.replace("@", "=")}@`);
    replies.push(await deliver(client, verp, [member], decorate(post, list, `You are ${member}.\r\n`)));
  }
  client.send("QUIT\r\n");
  return replies;
}

/** As smtplib's sendmail() does it: no BODY=, whatever the octets are. */
async function deliver(client: SmtpClient, from: string, to: readonly string[], octets: string): Promise<string> {
  const asked = [`MAIL FROM:<${from}> size=${octets.length}`, ...to.map((member) => `RCPT TO:<${member}>`), "DATA"];
  for (const command of asked) {
    const reply = await client.ask(command);
    if (!/^[23]/.test(reply)) return reply;
  }
  client.send(octets.replace(/^\./gm, ".."));
  return client.ask(".");
}

function decorate(post: string, { address, prefix, footer }: MailingList, personal: string): string {
  const end = post.indexOf("\r\n\r\n");
  const id = address.replace("@", ".");
  const added = [
    "Precedence: list",
    "X-Mailman-Version: 3.3.8",
    `List-Id: <${id}>`,
    `List-Post: <mailto:${address}>`,
    `List-Unsubscribe: <mailto:${address.replace("@", "-leave@")}>`,
    "Message-ID-Hash: ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
  ];
  const header = post.slice(0, end).replace(/^Subject: /m, `Subject: ${prefix} `);
  return `${header}\r\n${added.join("\r\n")}\r\n\r\n${post.slice(end + 4)}${personal}${footer}`;
}

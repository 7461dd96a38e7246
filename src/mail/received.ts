// The trace field we put on top (RFC 5321 section 4.4), and what the trace fields of others say.
import { fieldBody, type HeaderField } from "./header.ts";
import type { Session } from "./transaction.ts";

export interface ReceivedInput {
  readonly session: Session;
  readonly myhostname: string;
  readonly mailId: string;
  /** Named in the field's "for" part when it is the only one (RFC 5321 section 7.2). */
  readonly recipient: string | undefined;
  readonly smtpUtf8: boolean;
  readonly receivedAtMs: number;
}

/** amavisd's layout: three lines, the peer, ourselves with the port the mail came in on, mail_id and date. */
export function buildReceived(input: ReceivedInput): string {
  const { session, myhostname, mailId, recipient } = input;
  const { listener } = session;
  const address = listener.path === undefined ? ` [${addressLiteral(listener.address)}]` : "";
  const port = listener.path === undefined ? `port ${listener.port}` : "unix socket";
  const peer = listener.path === undefined ? ` ([${addressLiteral(session.peer.address)}])` : "";
  const target = recipient === undefined || !isPlain(recipient) ? "" : ` for <${recipient}>`;
  return (
    `Received: from ${isPlain(session.helo) ? session.helo : "unknown"}${peer}\r\n` +
    ` by localhost (${myhostname}${address}) (signpost, ${port})\r\n` +
    ` with ${withProtocol(session, input.smtpUtf8)} id ${mailId}${target};\r\n` +
    ` ${formatDate(input.receivedAtMs)}\r\n`
  );
}

/** RFC 3848 and RFC 6531 section 4.3. */
function withProtocol({ protocol, secured, loggedIn }: Session, smtpUtf8: boolean): string {
  const name = smtpUtf8 ? (protocol === "LMTP" ? "UTF8LMTP" : "UTF8SMTP") : protocol;
  return name === "SMTP" ? name : `${name}${secured === true ? "S" : ""}${loggedIn === true ? "A" : ""}`;
}

/** RFC 5321 section 4.1.3: IPv6 literals carry a tag. */
function addressLiteral(address: string): string {
  return address.includes(":") && !address.startsWith("::ffff:") ? `IPv6:${address}` : address.replace("::ffff:", "");
}

/** Short printable ASCII without what would end an atom or open a comment: anything else is not put into a field. */
function isPlain(text: string): boolean {
  return text.length > 0 && text.length <= 255 && /^[!#-'*+\-./0-9:=?@A-Z[\]^_`a-z{|}~]+$/.test(text);
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
let lastSecond = -1;
let lastDate = "";

/** RFC 5322 section 3.3 date-time, in UTC. */
export function formatDate(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second === lastSecond) return lastDate;
  const date = new Date(second * 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  lastSecond = second;
  lastDate =
    `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
  return lastDate;
}

/** Hops so far: the number of Received fields (RFC 5321 section 6.3). */
export function countReceived(fields: readonly HeaderField[]): number {
  let count = 0;
  for (const field of fields) if (field.name === "received") count += 1;
  return count;
}

/** The public IPv4 or IPv6 address of the oldest Received field that has one, as far as the trace can be believed. */
export function oldestPublicAddress(fields: readonly HeaderField[]): string | undefined {
  let looked = 0;
  for (let i = fields.length - 1; i >= 0 && looked < 50; i -= 1) {
    const field = fields[i];
    if (field?.name !== "received") continue;
    looked += 1;
    const body = fieldBody(field.raw);
    if (body.length > 4096) continue;
    const bracket = body.indexOf("[");
    const end = bracket === -1 ? -1 : body.indexOf("]", bracket);
    if (end === -1 || end - bracket > 52) continue;
    const address = body.slice(bracket + 1, end).replace(/^IPv6:/i, "");
    if (isPublic(address)) return address;
  }
  return undefined;
}

function isPublic(address: string): boolean {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(address);
  if (v4 !== null) {
    const [a, b] = [Number(v4[1]), Number(v4[2])];
    const special = a === 0 || a === 10 || a === 127 || a >= 224 || (a === 169 && b === 254);
    return !(
      special ||
      (a === 172 && b >= 16 && b <= 31) ||
      (a === 192 && b === 168) ||
      (a === 100 && b >= 64 && b < 128)
    );
  }
  return /^[23][0-9a-f]{0,3}:[0-9a-f:.]+$/i.test(address);
}

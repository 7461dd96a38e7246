// How a message in a file would have come in: what `check` and `sign` take for it, and what they assume where nothing is said.
import type { Config } from "../config/config.ts";
import { parseAddressList } from "../mail/address.ts";
import { encodeUtf8 } from "../mail/domain.ts";
import { fieldBody } from "../mail/header.ts";
import type { MessageHead } from "../mail/message.ts";
import type { ClientFacts, Path } from "../mail/transaction.ts";
import { readClientAddress } from "../smtp/xforward.ts";
import { type Io, UsageError } from "./command.ts";

/** For `parseArgs`. */
export const arrivalOptions = {
  now: { type: "string" },
  client: { type: "string" },
  helo: { type: "string" },
  "mail-from": { type: "string" },
  "rcpt-to": { type: "string", multiple: true },
  port: { type: "string" },
  bank: { type: "string" },
} as const;

interface ArrivalValues {
  readonly now?: string | undefined;
  readonly client?: string | undefined;
  readonly helo?: string | undefined;
  readonly "mail-from"?: string | undefined;
  readonly "rcpt-to"?: readonly string[] | undefined;
  readonly port?: string | undefined;
  readonly bank?: string | undefined;
}

/** The options as given; undefined where one was not given. Addresses are octets of UTF-8, one a character. */
export interface SaidArrival {
  /** Epoch, milliseconds. */
  readonly receivedAtMs: number | undefined;
  readonly client: ClientFacts | undefined;
  readonly helo: string | undefined;
  readonly mailFrom: string | undefined;
  readonly rcptTo: readonly Path[] | undefined;
  readonly port: number | undefined;
  readonly bank: string | undefined;
}

/** Throws UsageError where a value is none. */
export function readArrival(values: ArrivalValues): SaidArrival {
  if (values.now !== undefined && !/^\d{1,12}$/.test(values.now))
    throw new UsageError("--now takes seconds since 1970");
  for (const address of [values["mail-from"] ?? "", ...(values["rcpt-to"] ?? [])]) {
    if (/[\s<>]/.test(address.replace(/"[^"]*"/g, "")))
      throw new UsageError(`"${address}" is no address: alice@example.com, without brackets`);
  }
  if (values.port !== undefined && !/^\d{1,5}$/.test(values.port)) throw new UsageError("--port takes a number");
  return {
    receivedAtMs: values.now === undefined ? undefined : Number(values.now) * 1000,
    client: values.client === undefined ? undefined : readClient(values.client),
    helo: values.helo === undefined ? undefined : encodeUtf8(values.helo),
    mailFrom: values["mail-from"] === undefined ? undefined : encodeUtf8(values["mail-from"]),
    rcptTo: values["rcpt-to"]?.map((address) => recipient(encodeUtf8(address))),
    port: values.port === undefined ? undefined : Number(values.port),
    bank: values.bank,
  };
}

/** Throws UsageError where a bank was named that the configuration does not have. */
export function mustHaveBank({ policy_bank }: Pick<Config, "policy_bank">, bank: string | undefined): void {
  if (bank !== undefined && !policy_bank.has(bank)) throw new UsageError(`there is no policy bank "${bank}"`);
}

/** Prints a note when nothing listens on the port that was given: the mail is judged as if it came in there. */
export function noteClosedPort(
  { port }: SaidArrival,
  { inet_socket_port }: Pick<Config, "inet_socket_port">,
  io: Pick<Io, "stderr">,
  command: string,
): void {
  if (port === undefined || inet_socket_port.includes(port)) return;
  const ports = inet_socket_port.length === 0 ? "no port" : inet_socket_port.join(", ");
  io.stderr(
    `signpost ${command}: nothing listens on port ${port} (inet_socket_port: ${ports}); no bank is loaded by it\n`,
  );
}

/** Postfix's word for mail made on its own machine stands for it here too. */
function readClient(text: string): ClientFacts {
  if (/^\[?unavailable\]?$/i.test(text)) return { standing: "unavailable" };
  const address = readClientAddress(text);
  if (address === undefined) throw new UsageError("--client takes an IP address, or [UNAVAILABLE]");
  return { address };
}

export function recipient(address: string): Path {
  return { address, parameters: "" };
}

const named: ReadonlySet<string> = new Set(["to", "cc", "bcc"]);
/** As many as Postfix gives one transaction by its defaults. */
const maxRecipients = 50;

/** Those whom To, Cc and Bcc name, each once, as `sendmail -t` takes them: domains alone are not looked at. */
export function namedRecipients({ fields }: Pick<MessageHead, "fields">): readonly string[] {
  const found = new Set<string>();
  for (const { name, raw } of fields) {
    if (!named.has(name)) continue;
    for (const { address, domain } of parseAddressList(fieldBody(raw)).mailboxes) {
      if (found.size === maxRecipients) return [...found];
      if (domain !== undefined) found.add(address);
    }
  }
  return [...found];
}

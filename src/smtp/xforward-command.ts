// XFORWARD as we send it on, so that the next hop logs and judges the client the mail came from
// (Postfix XFORWARD_README; values made safe the way amavisd does).
import type { ClientFacts } from "../mail/transaction.ts";

/** Postfix takes values of up to 255 and commands of up to 512 octets. */
const maxValueChars = 255;
const maxCommandChars = 512;

const attributes: readonly (readonly [string, keyof ClientFacts])[] = [
  ["ADDR", "address"],
  ["NAME", "name"],
  ["PORT", "port"],
  ["PROTO", "protocol"],
  ["HELO", "helo"],
  ["SOURCE", "source"],
  ["IDENT", "ident"],
];

/**
 * The XFORWARD commands, without line ends, that carry the `offered` attributes of the client: none when its address is
 * not known, as amavisd has it, else one, or more where one would be too long.
 */
export function xforwardCommands(client: ClientFacts, offered: ReadonlySet<string>): string[] {
  if (client.address === undefined || client.address === "" || offered.size === 0) return [];
  const commands: string[] = [];
  let command = "";
  for (const [name, key] of attributes) {
    const fact = client[key];
    if (fact === undefined || fact === "" || !offered.has(name)) continue;
    const pair = ` ${name}=${printed(key === "address" ? taggedAddress(fact) : fact)}`;
    if (command !== "" && "XFORWARD".length + command.length + pair.length > maxCommandChars) {
      commands.push(`XFORWARD${command}`);
      command = "";
    }
    command += pair;
  }
  if (command !== "") commands.push(`XFORWARD${command}`);
  return commands;
}

/** RFC 5321 section 4.1.3: an IPv6 address carries its tag. */
function taggedAddress(address: string): string {
  if (!address.includes(":")) return address;
  const bare = address.replace(/^ipv6:/i, "");
  return bare.includes(":") ? `IPv6:${bare}` : bare;
}

/** One word of xtext (RFC 3461 section 4), of printable ASCII only. */
function printed(fact: string): string {
  const value = fact.length > maxValueChars ? fact.slice(0, maxValueChars) : fact;
  return /[^\x21-\x7e]|[<>()\\";@+=]/.test(value) ? encodeXtext(safeValue(value)) : value;
}

function safeValue(value: string): string {
  // Also a value that decodes to something a log or header reader would trip over stays one word.
  return value.replace(/[^\x21-\x7e]|[<>()\\";@]/g, "?");
}

/** For text of printable ASCII. */
function encodeXtext(text: string): string {
  return text.replace(/[+=]/g, (char) => (char === "+" ? "+2B" : "+3D"));
}

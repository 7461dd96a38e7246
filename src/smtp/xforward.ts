// XFORWARD (Postfix, XFORWARD_README): what the MTA in front says of the client that gave it the mail.
// Which peers may send it, and how long it holds, is decided in receive.
import { isUtf8 } from "node:buffer";
import { isIP } from "node:net";
import type { ClientFacts } from "../mail/transaction.ts";
import { splitBlanks } from "./command.ts";
import { decodeXtext, isPrintable } from "./xtext.ts";

/** The attributes as EHLO offers them. */
export const xforwardKeyword = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";

/** Name of the fact for each attribute; LOGIN is taken and not used. */
const facts: Readonly<Record<string, Exclude<keyof ClientFacts, "standing"> | "">> = {
  NAME: "name",
  ADDR: "address",
  PORT: "port",
  PROTO: "protocol",
  HELO: "helo",
  IDENT: "ident",
  SOURCE: "source",
  LOGIN: "",
};

/** What a client says of itself, or its DNS does. */
const named: ReadonlySet<string> = new Set(["name", "helo", "ident"]);

type Draft = { -readonly [K in keyof ClientFacts]: ClientFacts[K] };

/**
 * Adds one XFORWARD command's attributes to the facts known so far. "[UNAVAILABLE]" takes a fact away. Undefined where
 * anything in the command is wrong: an unknown attribute, a value that is not printable once it is decoded, an
 * address that is none. Nothing of such a command holds. A name in UTF-8, as of a client that said "EHLO bücher.example", is no
 * fault of the MTA's: it counts as "[UNAVAILABLE]", and the rest holds.
 */
export function applyXforward(known: ClientFacts, argument: string): ClientFacts | undefined {
  const parts = splitBlanks(argument);
  if (parts.length === 0) return undefined;
  const client: Draft = { ...known };
  for (const part of parts) {
    const equals = part.indexOf("=");
    if (equals < 1) return undefined;
    const attribute = part.slice(0, equals).toUpperCase();
    const fact = Object.hasOwn(facts, attribute) ? facts[attribute] : undefined;
    if (fact === undefined) return undefined;
    const told = decodeXtext(part.slice(equals + 1));
    const value = named.has(fact) && isUtf8Name(told) ? "" : told;
    if (!isPrintable(value)) return undefined;
    if (fact === "") continue;
    if (fact === "address") setStanding(client, value);
    if (value === "" || value.toUpperCase() === "[UNAVAILABLE]" || value.toUpperCase() === "[TEMPUNAVAIL]") {
      delete client[fact];
      continue;
    }
    const accepted = acceptValue(attribute, value);
    if (accepted === undefined) return undefined;
    client[fact] = accepted;
  }
  return client;
}

/** Octets of UTF-8 beyond ASCII, without controls and what nobody can see. */
function isUtf8Name(value: string): boolean {
  if (isPrintable(value)) return false;
  const octets = Buffer.from(value, "latin1");
  return isUtf8(octets) && !/[\p{C}\p{Z}]/u.test(octets.toString("utf8"));
}

/** An address that is given replaces an earlier [UNAVAILABLE]; what was refused before stays refused. */
function setStanding(client: { standing?: ClientFacts["standing"] }, address: string): void {
  if (client.standing === "refused") return;
  if (address.toUpperCase() === "[UNAVAILABLE]") client.standing = "unavailable";
  else delete client.standing;
}

function acceptValue(attribute: string, value: string): string | undefined {
  if (attribute === "ADDR") return readClientAddress(value);
  if (attribute === "PORT") return /^\d{1,5}$/.test(value) ? value : undefined;
  if (attribute === "SOURCE") return /^(local|remote)$/i.test(value) ? value.toUpperCase() : undefined;
  return value;
}

/** The address of ADDR, IPv6 as "IPv6:2001:db8::1" or bare; undefined where it is none. */
export function readClientAddress(value: string): string | undefined {
  const address = value.replace(/^ipv6:/i, "");
  return isIP(address) === 0 ? undefined : address;
}

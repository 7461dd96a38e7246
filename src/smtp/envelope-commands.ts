// MAIL and RCPT commands for one next hop: addresses and parameters leave as they came, but for what the hop
// does not offer. What it lacks and the mail needs is refused here (8BITMIME, SMTPUTF8).
import { domainOfOctets } from "../mail/domain.ts";
import type { Envelope, Path } from "../mail/transaction.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Reply } from "./reply.ts";

/** What of the content matters to a hop without 8BITMIME or SMTPUTF8. */
export interface ContentNeeds {
  /** Octets above 127 anywhere in header or body. */
  readonly eightBit: boolean;
  /** Octets above 127 in the header section. */
  readonly eightBitHeader: boolean;
}

export type EnvelopeCommands =
  | { readonly refused: Reply }
  | {
      /** "MAIL FROM:<a@b> BODY=8BITMIME", without line end. */
      readonly mail: string;
      /** By recipient: its RCPT command, or why it cannot have one. */
      readonly recipients: readonly (string | Reply)[];
    };

const unsafe = /[\r\n\0]/;
const needs7Bit: Reply = {
  code: 550,
  enhanced: "5.6.3",
  text: "Conversion to 7BIT required but not supported by the next hop",
};
const nonAsciiMail: Reply = { code: 550, enhanced: "5.6.7", text: "Non-ASCII addresses or header not permitted" };
const nonAsciiRecipient: Reply = { code: 553, enhanced: "5.6.7", text: "Non-ASCII addresses not permitted" };
const badAddress: Reply = { code: 553, enhanced: "5.1.3", text: "Bad address syntax" };

/** Whether `envelopeCommands` has to know the content's octets: they are looked at only for a hop that lacks something. */
export function mustKnowContent(envelope: Envelope, capabilities: Capabilities): boolean {
  const { parameters } = envelope.sender;
  if (parameters === "") return false;
  return (
    (!capabilities.eightBitMime && /(?:^| )BODY=8BITMIME(?: |$)/i.test(parameters)) ||
    (!capabilities.smtpUtf8 && /(?:^| )SMTPUTF8(?: |$)/i.test(parameters))
  );
}

/**
 * The envelope as commands. Never changes an octet of an address, but for a domain that a hop without SMTPUTF8 can have
 * as A-labels.
 */
export function envelopeCommands(
  envelope: Envelope,
  capabilities: Capabilities,
  needs: ContentNeeds,
): EnvelopeCommands {
  const { sender } = envelope;
  if (isUnsafe(sender)) return { refused: badAddress };
  let asksUtf8 = false;
  let mail = "";
  for (const parameter of parametersOf(sender)) {
    switch (keywordOf(parameter)) {
      case "BODY":
        if (capabilities.eightBitMime) mail += ` ${parameter}`;
        else if (needs.eightBit && !/=7BIT$/i.test(parameter)) return { refused: needs7Bit };
        break;
      case "SMTPUTF8":
        asksUtf8 = true;
        if (capabilities.smtpUtf8) mail += ` ${parameter}`;
        break;
      case "RET":
      case "ENVID":
        if (capabilities.dsn) mail += ` ${parameter}`;
        break;
      // SIZE counts octets of another form of the mail, AUTH belongs to another session.
      default:
    }
  }
  const lacksUtf8 = asksUtf8 && !capabilities.smtpUtf8;
  const address = lacksUtf8 ? asciiAddress(sender.address) : sender.address;
  if (address === undefined || (lacksUtf8 && needs.eightBitHeader)) return { refused: nonAsciiMail };
  mail = `MAIL FROM:<${address}>${mail}`;
  return { mail, recipients: envelope.recipients.map((recipient) => rcpt(recipient, capabilities, lacksUtf8)) };
}

function rcpt(recipient: Path, capabilities: Capabilities, lacksUtf8: boolean): string | Reply {
  if (isUnsafe(recipient)) return badAddress;
  const address = lacksUtf8 ? asciiAddress(recipient.address) : recipient.address;
  if (address === undefined) return nonAsciiRecipient;
  let command = `RCPT TO:<${address}>`;
  if (recipient.parameters === "" || !capabilities.dsn) return command;
  for (const parameter of parametersOf(recipient)) {
    const keyword = keywordOf(parameter);
    if (keyword === "NOTIFY" || keyword === "ORCPT") command += ` ${parameter}`;
  }
  return command;
}

function parametersOf(path: Path): string[] {
  return path.parameters === "" ? [] : path.parameters.split(" ").filter((parameter) => parameter !== "");
}

function keywordOf(parameter: string): string {
  const equals = parameter.indexOf("=");
  return (equals === -1 ? parameter : parameter.slice(0, equals)).toUpperCase();
}

/** A line end in an address would be a command of its own; the receiving side lets none in. */
function isUnsafe(path: Path): boolean {
  return unsafe.test(path.address) || (path.parameters !== "" && unsafe.test(path.parameters));
}

/** The address with its domain as A-labels; undefined where that does not make it ASCII (RFC 6531 section 3.2). */
function asciiAddress(address: string): string | undefined {
  if (!hasEightBit(address)) return address;
  const at = address.lastIndexOf("@");
  if (at === -1) return undefined;
  const local = address.slice(0, at + 1);
  const domain = domainOfOctets(address.slice(at + 1));
  return domain === undefined || hasEightBit(local) ? undefined : `${local}${domain}`;
}

function hasEightBit(text: string): boolean {
  return /[^\x00-\x7f]/.test(text);
}

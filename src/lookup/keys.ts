// From an address to the keys under which tables are searched, and from a key as written to the form it is found by.
import { splitAddress } from "../mail/address.ts";
import { decodeUtf8, encodeUtf8, toAscii } from "../mail/domain.ts";
import type { LookupSettings } from "./table.ts";

/** The keys of one address. What only some tables need is worked out when one of them asks. */
export interface LookupKeys {
  /** Keys of a hash, most specific first. */
  readonly hash: readonly string[];
  /** The shape of each of them, see `shapeOf`. */
  readonly shapes: readonly number[];
  /** Keys of an access list; its own order decides among them. */
  accessList(): readonly string[];
  /** The address as text, for regexps. */
  text(): string;
  /** $1 to $5 of a value: address, local part, user, extension, domain. */
  replacements(): readonly string[];
}

const maxDomainKeys = 20;
const rememberedAddresses = 256;

/**
 * Makes the function that gives an address its keys. The last few hundred addresses are remembered: one mail asks
 * dozens of maps for the same few.
 */
export function createKeyExpander(settings: LookupSettings): (address: string) => LookupKeys {
  const remembered = new Map<string, LookupKeys>();
  return (address) => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    if (remembered.size >= rememberedAddresses) remembered.clear();
    const keys = lookupKeys(address, settings);
    remembered.set(address, keys);
    return keys;
  };
}

/** The keys for one address (octets of a path, or "@domain"). */
export function lookupKeys(address: string, settings: LookupSettings): LookupKeys {
  if (address === "") return nullSender;
  const { localPart, domain = "" } = splitAddress(address);
  const at = domain === "" ? "" : `@${domain}`;
  const plain = localPart + at;
  const local = settings.localpart_is_case_sensitive ? localPart : localPart.toLowerCase();
  const [user, extension] = splitExtension(local, settings.recipient_delimiter ?? "");

  const hash = [plain];
  const folded = local === localPart ? plain : local + at;
  if (folded !== plain) hash.push(folded);
  if (extension !== "") hash.push(user + at);
  const shapes: number[] = hash.map(() => (at === "" ? bareShape : addressShape));
  if (extension !== "") hash.push(`${local}@`);
  if (user !== "") hash.push(`${user}@`);
  while (shapes.length < hash.length) shapes.push(userShape);
  const domainsFrom = hash.length;
  pushDomainKeys(hash, shapes, domain);
  return {
    hash,
    shapes,
    accessList: () => [folded, ...hash.slice(domainsFrom)],
    text: () => decodeUtf8(plain) ?? plain,
    replacements: () => [plain, localPart, user, extension, domain],
  };
}

const addressShape = 1;
const userShape = 2;
const bareShape = 4;
const rootShape = 8;

/**
 * What a key looks like, as one bit: an address, "user@", a bare name, ".", or a dotted name of so many labels. A hash
 * knows the shapes of its own keys and is only searched for those; most hashes have one or two.
 */
export function shapeOf(key: string): number {
  if (key === ".") return rootShape;
  if (key.endsWith("@")) return userShape;
  if (key.includes("@")) return addressShape;
  return key.startsWith(".") ? dottedShape(key.split(".").length - 1) : bareShape;
}

function dottedShape(labels: number): number {
  return rootShape << Math.min(labels, maxDomainKeys);
}

const nullSender: LookupKeys = {
  hash: ["", "@", "."],
  shapes: [bareShape, userShape, rootShape],
  accessList: () => ["", "@", "."],
  text: () => "",
  replacements: () => ["", "", "", "", ""],
};

/** "sub.ex.com" gives sub.ex.com .sub.ex.com .ex.com .com and "."; an address literal is not split. */
function pushDomainKeys(keys: string[], shapes: number[], domain: string): void {
  if (domain !== "") {
    keys.push(domain);
    shapes.push(bareShape);
    if (!domain.startsWith("[")) pushDottedKeys(keys, shapes, `.${domain}`);
  }
  keys.push(".");
  shapes.push(rootShape);
}

/** "." is the last of twenty; of more, the most specific ones are left out. */
function pushDottedKeys(keys: string[], shapes: number[], dotted: string): void {
  let labels = 0;
  for (let i = 0; i < dotted.length; i += 1) if (dotted[i] === ".") labels += 1;
  for (let dot = 0; dot !== -1; dot = dotted.indexOf(".", dot + 1)) {
    if (labels < maxDomainKeys) {
      keys.push(dot === 0 ? dotted : dotted.slice(dot));
      shapes.push(dottedShape(labels));
    }
    labels -= 1;
  }
}

/** User and extension; the extension keeps its delimiter. Postfix and amavisd leave the same names whole. */
function splitExtension(local: string, delimiters: string): readonly [user: string, extension: string] {
  const at = firstDelimiter(local, delimiters);
  if (at === -1 || /^(?:postmaster|mailer-daemon|double-bounce)$/i.test(local)) return [local, ""];
  if (delimiters.includes("-") && /^owner-.|.-request$/is.test(local)) return [local, ""];
  return [local.slice(0, at), local.slice(at)];
}

/** The first delimiter that leaves something in front of it. */
function firstDelimiter(local: string, delimiters: string): number {
  if (delimiters.length === 1) return local.indexOf(delimiters, 1);
  for (let i = 1; i < local.length; i += 1) if (delimiters.includes(local[i] ?? "")) return i;
  return -1;
}

/**
 * A key as an administrator writes it, in the form in which it is looked up: domains to A-labels, local parts folded
 * unless case counts. Undefined when its domain is no host name: such a key can never match.
 */
export function foldKey(key: string, settings: LookupSettings): string | undefined {
  const slash = key.indexOf("/@");
  if (slash !== -1) {
    const author = foldKey(key.slice(0, slash), settings);
    const signer = toAscii(key.slice(slash + 2));
    return author === undefined || signer === undefined ? undefined : `${author}/@${signer}`;
  }
  const at = key.lastIndexOf("@");
  const local = settings.localpart_is_case_sensitive ? key.slice(0, at + 1) : key.slice(0, at + 1).toLowerCase();
  const domain = foldDomain(key.slice(at + 1));
  return domain === undefined ? undefined : encodeUtf8(local) + domain;
}

function foldDomain(domain: string): string | undefined {
  if (domain === "" || domain === ".") return domain;
  if (domain.startsWith("[")) return domain.toLowerCase();
  const dot = domain.startsWith(".") ? "." : "";
  const ascii = toAscii(domain.slice(dot.length));
  return ascii === undefined ? undefined : dot + ascii;
}

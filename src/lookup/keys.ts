// From an address to the keys under which tables are searched, and from a key as written to the form it is found by.
import { plainAddress, splitAddress } from "../mail/address.ts";
import { decodeUtf8, encodeUtf8, toAscii } from "../mail/domain.ts";
import type { LookupSettings } from "./table.ts";

export interface LookupKeys {
  /** Keys of a hash, most specific first. */
  readonly hash: readonly string[];
  /** Keys of an access list; its own order decides among them. */
  readonly accessList: readonly string[];
  /** The address as text, for regexps. */
  readonly text: string;
  /** $1 to $5 of a value: address, local part, user, extension, domain. */
  readonly replacements: readonly string[];
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
  if (address === "") return { hash: ["", "@", "."], accessList: ["", "@", "."], text: "", replacements: emptyAddress };
  const parts = splitAddress(address);
  const { localPart, domain = "" } = parts;
  const plain = plainAddress(parts);
  const local = settings.localpart_is_case_sensitive ? localPart : localPart.toLowerCase();
  const [user, extension] = splitExtension(local, settings.recipient_delimiter ?? "");
  const at = domain === "" ? "" : `@${domain}`;
  const folded = local + at;
  const domains = domainKeys(domain);

  const hash = [plain];
  if (folded !== plain) hash.push(folded);
  if (extension !== "") {
    hash.push(user + at, `${local}@`);
  }
  if (user !== "") hash.push(`${user}@`);
  for (const key of domains) hash.push(key);
  return {
    hash,
    accessList: [folded, ...domains],
    text: decodeUtf8(plain) ?? plain,
    replacements: [plain, localPart, user, extension, domain],
  };
}

const emptyAddress = ["", "", "", "", ""];

/** "sub.ex.com" gives sub.ex.com .sub.ex.com .ex.com .com and "."; an address literal is not split. */
function domainKeys(domain: string): string[] {
  if (domain === "") return ["."];
  if (domain.startsWith("[")) return [domain, "."];
  const dotted = [`.${domain}`];
  for (let dot = domain.indexOf("."); dot !== -1; dot = domain.indexOf(".", dot + 1)) dotted.push(domain.slice(dot));
  dotted.push(".");
  return [domain, ...dotted.slice(-maxDomainKeys)];
}

/** User and extension; the extension keeps its delimiter. Postfix and amavisd leave the same names whole. */
function splitExtension(local: string, delimiters: string): readonly [user: string, extension: string] {
  if (delimiters === "" || /^(?:postmaster|mailer-daemon|double-bounce)$/i.test(local)) return [local, ""];
  if (delimiters.includes("-") && /^owner-.|.-request$/is.test(local)) return [local, ""];
  for (let i = 1; i < local.length; i += 1) {
    if (delimiters.includes(local[i] ?? "")) return [local.slice(0, i), local.slice(i)];
  }
  return [local, ""];
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

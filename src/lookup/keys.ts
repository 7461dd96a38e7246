// From an address to the keys under which tables are searched, and from a key as written to the form it is found by.
import { LRUCache } from "lru-cache";
import { splitAddress } from "../mail/address.ts";
import { decodeUtf8, encodeUtf8, lowerOctets, toAscii } from "../mail/domain.ts";
import type { LookupSettings } from "./table.ts";

/** The keys of one address. What only some tables need is worked out when one of them asks. */
export interface LookupKeys {
  /** The shapes of the keys of a hash, most specific first, see `shapeOf`. */
  readonly shapes: readonly number[];
  /** The key at a place of `shapes`. */
  key(place: number): string;
  /** Keys of an access list; its own order decides among them. */
  accessList(): readonly string[];
  /** The address as text, for regexps. */
  text(): string;
  /** $1 to $5 of a value: address, local part, user, extension, domain. */
  replacements(): readonly string[];
}

const maxDomainKeys = 20;
const rememberedAddresses = 256;
/** Of all addresses remembered: a path may have two thousand, and twenty keys of that length are made of it. */
const rememberedOctets = 32 * 1024;

/**
 * Makes the function that gives an address its keys. The last few hundred addresses are remembered: one mail asks
 * dozens of maps for the same few.
 */
export function createKeyExpander(settings: LookupSettings): (address: string) => LookupKeys {
  const remembered = new LRUCache<string, LookupKeys>({
    max: rememberedAddresses,
    maxSize: rememberedOctets,
    // The null sender has no octets, and an entry must have a size.
    sizeCalculation: (_, address) => address.length + 1,
  });
  return (address) => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    const keys = lookupKeys(address, settings);
    remembered.set(address, keys);
    return keys;
  };
}

/** The keys for one address (octets of a path, or "@domain"). */
export function lookupKeys(address: string, settings: LookupSettings): LookupKeys {
  return address === "" ? nullSender : new AddressKeys(address, settings);
}

/** All keys of a hash, most specific first. */
export function hashKeys(keys: LookupKeys): readonly string[] {
  return keys.shapes.map((_, place) => keys.key(place));
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
  shapes: [bareShape, userShape, rootShape],
  key: (place) => ["", "@", "."][place] ?? ".",
  accessList: () => ["", "@", "."],
  text: () => "",
  replacements: () => ["", "", "", "", ""],
};

/** Only shapes are worked out at once: a table asks for the keys whose shape it has, and most have one or two. */
class AddressKeys implements LookupKeys {
  readonly shapes: number[];
  readonly #made: (string | undefined)[] = [];
  readonly #plain: string;
  readonly #localPart: string;
  readonly #folded: string;
  readonly #user: string;
  readonly #extension: string;
  readonly #domain: string;
  /** The places where "user@" keys and where domain keys begin. */
  readonly #users: number;
  readonly #domains: number;

  constructor(address: string, settings: LookupSettings) {
    const { localPart, domain = "" } = splitAddress(address);
    const local = settings.localpart_is_case_sensitive ? localPart : lowerOctets(localPart);
    const [user, extension] = splitExtension(local, settings.recipient_delimiter ?? "");
    this.#plain = isPlain(address, localPart, domain) ? address : join(localPart, domain);
    this.#localPart = localPart;
    this.#folded = local;
    this.#user = user;
    this.#extension = extension;
    this.#domain = domain;

    const shape = domain === "" ? bareShape : addressShape;
    this.shapes = [shape];
    if (local !== localPart) this.shapes.push(shape);
    if (extension !== "") this.shapes.push(shape);
    this.#users = this.shapes.length;
    if (extension !== "") this.shapes.push(userShape);
    if (user !== "") this.shapes.push(userShape);
    this.#domains = this.shapes.length;
    pushDomainShapes(this.shapes, domain);
  }

  key(place: number): string {
    let key = this.#made[place];
    if (key === undefined) {
      key = this.#make(place);
      this.#made[place] = key;
    }
    return key;
  }

  #make(place: number): string {
    if (place === 0) return this.#plain;
    if (place < this.#users) {
      // Without capitals the second one is that without its extension.
      return place === 1 && this.#folded !== this.#localPart
        ? join(this.#folded, this.#domain)
        : join(this.#user, this.#domain);
    }
    if (place < this.#domains) {
      return place === this.#users && this.#extension !== "" ? `${this.#folded}@` : `${this.#user}@`;
    }
    if (place === this.shapes.length - 1) return ".";
    if (place === this.#domains) return this.#domain;
    // Counted from the end, where the labels that are left out of a very long name are not.
    return lastLabels(this.#domain, this.shapes.length - 1 - place);
  }

  accessList(): readonly string[] {
    const keys = [this.#folded === this.#localPart ? this.#plain : this.key(1)];
    for (let place = this.#domains; place < this.shapes.length; place += 1) keys.push(this.key(place));
    return keys;
  }

  text(): string {
    return decodeUtf8(this.#plain) ?? this.#plain;
  }

  replacements(): readonly string[] {
    return [this.#plain, this.#localPart, this.#user, this.#extension, this.#domain];
  }
}

function join(local: string, domain: string): string {
  return domain === "" ? local : `${local}@${domain}`;
}

/** Whether an address is its parts put together again, as nearly all are: then its octets need no copy. */
function isPlain(address: string, localPart: string, domain: string): boolean {
  const whole = domain === "" ? localPart.length : localPart.length + 1 + domain.length;
  return address.length === whole && address.startsWith(localPart) && address.endsWith(domain);
}

/** "sub.ex.com" has the keys sub.ex.com .sub.ex.com .ex.com .com and "."; an address literal is not split. */
function pushDomainShapes(shapes: number[], domain: string): void {
  if (domain !== "") {
    shapes.push(bareShape);
    if (!domain.startsWith("[")) {
      let labels = 1;
      for (let dot = domain.indexOf("."); dot !== -1; dot = domain.indexOf(".", dot + 1)) labels += 1;
      // "." is the last of twenty; of more, the most specific ones are left out.
      for (let left = Math.min(labels, maxDomainKeys - 1); left > 0; left -= 1) shapes.push(dottedShape(left));
    }
  }
  shapes.push(rootShape);
}

/** ".ex.com" for two labels of sub.ex.com. */
function lastLabels(domain: string, labels: number): string {
  let dot = domain.length;
  for (let left = labels; left > 0 && dot !== -1; left -= 1) dot = domain.lastIndexOf(".", dot - 1);
  return dot === -1 ? `.${domain}` : domain.slice(dot);
}

const undivided = new Set(["postmaster", "mailer-daemon", "double-bounce"]);
const maxUndivided = "mailer-daemon".length;

/** User and extension; the extension keeps its delimiter. Postfix and amavisd leave the same names whole. */
function splitExtension(local: string, delimiters: string): readonly [user: string, extension: string] {
  const at = firstDelimiter(local, delimiters);
  if (at === -1 || (local.length <= maxUndivided && undivided.has(local.toLowerCase()))) return [local, ""];
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

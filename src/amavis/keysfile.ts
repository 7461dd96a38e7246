// dkim-filter's keys file (its options -K -k): lines "sender-pattern:signing-domain:key-path". Read here into keys and
// rules with the meaning dkim-filter gives them: the first line that matches a sender decides, a sender that no line
// matches is not signed for. How that is written down for signpost or amavisd: keysfile-text.ts.
import { toAscii } from "../mail/domain.ts";

export interface KeysfileKey {
  /** In lower case; holds "*" where the signing domain is whatever the sender's is. */
  readonly domain: string;
  readonly selector: string;
  readonly file: string;
}

export interface KeysfileRule {
  readonly line: number;
  /** Of senders, "*" for any string, in lower case. */
  readonly pattern: string;
  /** undefined: such mail is not signed. */
  readonly signWith?: {
    /** "*": the domain of the sender. */
    readonly domain: string;
    readonly selector: string;
  };
}

export interface Keysfile {
  /** One per domain and selector, in order. */
  readonly keys: readonly KeysfileKey[];
  readonly rules: readonly KeysfileRule[];
  readonly warnings: readonly string[];
}

/** A line that cannot be taken; the message is amavisd's and names file and line. */
export class KeysfileError extends Error {
  override readonly name = "KeysfileError";
}

/**
 * Reads a keys file. Throws a KeysfileError.
 *
 * @param name of the file, for messages
 * @param exists whether there is a file to be read under that path
 */
export function parseKeysfile(text: string, name: string, exists: (path: string) => boolean): Keysfile {
  const keys = new Map<string, KeysfileKey>();
  const rules: KeysfileRule[] = [];
  const warnings: string[] = [];
  let folder = "";

  text.split("\n").forEach((raw, index) => {
    const line = index + 1;
    const content = raw.trim();
    if (content === "" || content.startsWith("#")) return;
    if (raw.startsWith("/")) {
      folder = content.replace(/\/+$/, "");
      return;
    }
    const [pattern = "", signer = "", path = ""] = fields(content);
    if (pattern === "") throw new KeysfileError(`Error in ${name}, empty sender pattern, line ${line}: ${content}`);
    const sender = senderPattern(pattern);
    if (!sender.includes("@") && !sender.includes("*")) {
      warnings.push(`${name} line ${line}: "${pattern}" matches no address; "*@${pattern}" matches all of a domain`);
    }
    if (signer === "") {
      rules.push({ line, pattern: sender });
      return;
    }
    if (path === "") throw new KeysfileError(`Error in ${name}, empty file name field, line ${line}: ${content}`);
    const wanted = path.startsWith("/") || folder === "" ? path : `${folder}/${path}`;
    const file = [wanted, `${wanted}.pem`, `${wanted}.private`].find(exists);
    if (file === undefined) {
      throw new KeysfileError(`File ${wanted} does not exist, ${name} line ${line}: ${content}`);
    }
    const selector = selectorOf(file);
    if (toAscii(selector) === undefined) {
      throw new KeysfileError(`Error in ${name}, "${selector}" is no selector, line ${line}: ${content}`);
    }

    // "*" as signing domain: the sender's own, which the pattern names unless it has a "*" there.
    const senderDomain = sender.includes("@") ? sender.slice(sender.lastIndexOf("@") + 1) : "*";
    const own = signer === "*";
    const domain = own ? senderDomain : (toAscii(signer) ?? signer.toLowerCase());
    const wild = own && domain.includes("*");
    if (!wild && toAscii(domain) === undefined) {
      throw new KeysfileError(`Error in ${name}, "${domain}" is no domain, line ${line}: ${content}`);
    }
    const id = `${domain} ${selector}`;
    const known = keys.get(id);
    if (known === undefined) keys.set(id, { domain, selector, file });
    else if (known.file !== file) {
      throw new KeysfileError(
        `Error in ${name}, selector ${selector} of ${domain} has two files, line ${line}: ${content}`,
      );
    }
    const shadow = rules.find((rule) => covers(rule.pattern, sender));
    if (shadow !== undefined) {
      warnings.push(`${name} line ${line}: never reached, line ${shadow.line} takes all its senders`);
    }
    rules.push({ line, pattern: sender, signWith: { domain: wild ? "*" : domain, selector } });
  });
  return { keys: [...keys.values()], rules, warnings };
}

/** At most three fields; a colon in the key's path belongs to the path. */
function fields(content: string): string[] {
  const first = content.indexOf(":");
  if (first === -1) return [content];
  const second = content.indexOf(":", first + 1);
  const parts = [content.slice(0, first), content.slice(first + 1, second === -1 ? undefined : second)];
  if (second !== -1) parts.push(content.slice(second + 1));
  return parts.map((part) => part.trim());
}

function selectorOf(file: string): string {
  const base = file.slice(file.lastIndexOf("/") + 1).toLowerCase();
  return base.replace(/\.(?:pem|private)$/, "");
}

/** The pattern in the form in which addresses are looked up: quoting undone, domain as A-labels, lower case. */
function senderPattern(pattern: string): string {
  const at = pattern.lastIndexOf("@");
  if (at === -1) return pattern.toLowerCase();
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(pattern.slice(0, at));
  const local = quoted === null ? pattern.slice(0, at) : (quoted[1] ?? "").replaceAll(/\\(.)/g, "$1");
  const domain = pattern.slice(at + 1);
  return `${local.toLowerCase()}@${toAscii(domain) ?? domain.toLowerCase()}`;
}

/** Whether every sender of `narrow` is one of `wide` too; said only where it is plain to see. */
export function covers(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === "*" || wide === "*@*") return true;
  if (!wide.startsWith("*") || wide.includes("*", 1)) return false;
  const tail = wide.slice(1);
  return narrow.endsWith(tail) && !tail.includes("*");
}

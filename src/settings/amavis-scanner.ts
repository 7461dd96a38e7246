// amavisd's entries of @av_scanners and @spam_scanners that mean a daemon which can be asked here, as mappings of ours.
import { parsePeerAddress } from "./peer-address.ts";
import { show } from "./shape.ts";

/** A mapping as signpost.yaml would have it, or a sentence on what is wrong with the entry. */
export type AmavisScanner = { readonly scanner: Readonly<Record<string, unknown>> } | { readonly fault: string };

const virusHint =
  "here a virus scanner is a clamd: { name: ClamAV, type: clamd, address: /run/clamav/clamd.ctl } (docs/scanners.md)";
const spamHint =
  'here a spam scanner is a spamd or an rspamd: { name: SpamAssassin, type: spamd, address: "127.0.0.1:783" } (docs/scanners.md)';

/** What amavisd says to clamd, by files or by stream; here it is always a stream. */
const clamdCommand = /^[nz]?(?:SCAN|CONTSCAN|MULTISCAN|ALLMATCHSCAN|INSTREAM)\b/;

/** `["ClamAV-clamd", \&ask_daemon, ["CONTSCAN {}\n", "/run/clamav/clamd.ctl"], …]`; or what is wrong with it. */
export function amavisVirusScanner(entry: readonly unknown[]): AmavisScanner {
  const [name, code, args] = entry;
  const called = `the virus scanner ${show(name)}`;
  if (code !== "&ask_daemon") return { fault: `${called} ${programWords(code)}: ${virusHint}` };
  const [command, place, ...more] = Array.isArray(args) ? args : [];
  const places: readonly unknown[] = Array.isArray(place) ? place : [place];
  const [first = ""] = places;
  const [, prefix, rest = ""] = /^(clamd:)?(.*)$/s.exec(typeof first === "string" ? first : "") ?? [];
  const isClamd = prefix !== undefined || (typeof command === "string" && clamdCommand.test(command));
  if (!isClamd || more.length > 0) return { fault: `${called} is no clamd: ${virusHint}` };
  if (places.length > 1)
    return {
      fault: `${called} has several addresses: give each an entry of its own, the others in av_scanners_backup`,
    };
  const address = /^\d+$/.test(rest) ? `127.0.0.1:${rest}` : rest;
  if (parsePeerAddress(address) === undefined)
    return { fault: `${called}: expected host:port or the path of a socket, found ${show(first)}` };
  return { scanner: { name, type: "clamd", address } };
}

function programWords(code: unknown): string {
  const program: unknown = Array.isArray(code) ? code[0] : code;
  if (typeof program !== "string" || program === "") return "is code of its own, which cannot be run";
  return program.startsWith("&")
    ? `is asked by ${program.slice(1)}(), which is not there`
    : `is the program ${show(program)}, and programs are not run`;
}

const modules: ReadonlyMap<unknown, "spamd" | "rspamd"> = new Map<unknown, "spamd" | "rspamd">([
  ["Amavis::SpamControl::SpamAssassin", "spamd"],
  ["Amavis::SpamControl::SpamdClient", "spamd"],
  ["Amavis::SpamControl::RspamdClient", "rspamd"],
]);

/** True for the entry that amavisd runs within itself: here spamd has to be there for it. */
export function isEmbeddedSpamAssassin(entry: unknown): boolean {
  return Array.isArray(entry) && entry[1] === "Amavis::SpamControl::SpamAssassin";
}

/** Options of amavisd's that have the same meaning here. */
const sameOptions: ReadonlySet<string> = new Set(["score_factor", "mail_body_size_limit", "timeout"]);

/** `["SpamAssassin", "Amavis::SpamControl::SpamdClient", option => value, …]`; or what is wrong with it. */
export function amavisSpamScanner(entry: readonly unknown[]): AmavisScanner {
  const [name, module, ...options] = entry;
  const called = `the spam scanner ${show(name)}`;
  const type = modules.get(module);
  if (type === undefined) return { fault: `${called} is ${show(module)}, which is not there: ${spamHint}` };
  const found: Record<string, unknown> = { name, type };
  for (let at = 0; at < options.length; at += 2) {
    const option = options[at];
    const value = options[at + 1];
    if (typeof option !== "string") return { fault: `${called}: expected option => value, found ${show(option)}` };
    if (sameOptions.has(option)) found[option] = value;
    else if (option === "url" && type === "rspamd") {
      const address = urlAddress(value);
      if (address === undefined) return { fault: `${called}: expected http://host:port/checkv2, found ${show(value)}` };
      found["address"] = address;
    } else if (option !== "mta_name") return { fault: `${called}: the option ${show(option)} is not there` };
  }
  return { scanner: found };
}

function urlAddress(value: unknown): string | undefined {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || url.protocol !== "http:" || url.username !== "" || url.search !== "") return undefined;
  if (url.pathname !== "/checkv2" && url.pathname !== "/") return undefined;
  return `${url.hostname}:${url.port === "" ? 80 : url.port}`;
}

// av_scanners and spam_scanners: mappings of ours, or the lists of amavisd's that mean a daemon which can be asked here
// (amavis-scanner.ts). Whatever else stands there is an error: mail that nobody looks at must not look as if somebody had.

import { isMapping } from "../lookup/value.ts";
import { type AmavisScanner, amavisSpamScanner, amavisVirusScanner } from "./amavis-scanner.ts";
import { duration, integer, number, size } from "./number-shape.ts";
import { formatPeerAddress, parsePeerAddress } from "./peer-address.ts";
import { readRecord, setting, type ValuesOf, withDefaults } from "./setting.ts";
import { list, optional, type Report, type Shape, within } from "./shape.ts";

/** A virus scanner that is asked. Times are seconds. */
export type VirusScanner = ValuesOf<typeof clamdRows> & { readonly type: "clamd" };
/** A spam scanner that is asked. Times are seconds, sizes octets. */
export type SpamScanner = ValuesOf<typeof spamdRows> & { readonly type: "spamd" | "rspamd" };

const address: Shape<string> = {
  words: '"127.0.0.1:3310", "[::1]:3310" or the path of a unix socket',
  nullable: false,
  read(value, report) {
    const found = typeof value === "string" ? parsePeerAddress(value) : undefined;
    return found === undefined
      ? report('an address with a port, such as "127.0.0.1:3310", or the path of a unix socket', value)
      : formatPeerAddress(found);
  },
};

/** It goes to log, metrics and header fields. */
const scannerName: Shape<string> = {
  words: "a name for log and metrics",
  nullable: false,
  read(value, report) {
    const fits =
      typeof value === "string" &&
      /^[\x21-\x2b\x2d-\x7e](?:[\x20-\x2b\x2d-\x7e]{0,62}[\x21-\x2b\x2d-\x7e])?$/.test(value);
    return fits ? value : report("a name of at most 64 letters, without a comma", value);
  },
};

/** A timeout that has an end, and that a mail can wait for. */
const patience: Shape<number> = {
  words: duration.words,
  nullable: false,
  read(value, report) {
    const seconds = duration.read(value, report);
    return typeof seconds !== "number" || (seconds >= 1 && seconds <= 300) ? seconds : report("1s to 300s", value);
  },
};

function commonRows(name: string, where: string, connections: number) {
  return {
    name: setting(scannerName, name, "What log and metrics call it.", "scanners"),
    address: setting(address, where, "Where it listens.", "scanners"),
    timeout: setting(patience, 30, "How long it may be silent.", "scanners"),
    connections: setting(integer(1, 1000), connections, "Mails it is given at once.", "scanners"),
  };
}

function spamRows(name: string, where: string, connections: number) {
  return {
    ...commonRows(name, where, connections),
    score_factor: setting(number(), 1, "Its scores are multiplied by this.", "scanners"),
    mail_body_size_limit: setting(optional(size), null, "Of larger mail only this much is given to it.", "scanners", {
      otherwise: "sa_mail_body_size_limit",
    }),
  };
}

// As many as they have threads or children for by default.
const clamdRows = commonRows("ClamAV", "/run/clamav/clamd.ctl", 10);
const spamdRows = spamRows("SpamAssassin", "127.0.0.1:783", 5);
const rspamdRows = spamRows("rspamd", "127.0.0.1:11333", 20);

const virusWords = "a scanner such as { name: ClamAV, type: clamd, address: /run/clamav/clamd.ctl }";
const spamWords = 'a scanner such as { name: SpamAssassin, type: spamd, address: "127.0.0.1:783" }';

const virusScanner: Shape<VirusScanner> = {
  words: "{ name, type: clamd, address, timeout, connections }",
  nullable: false,
  read(value, report) {
    const given = asMapping(value, amavisVirusScanner);
    if (given === undefined) return report(virusWords, value);
    if ("fault" in given) return report(`!${given.fault}`, value);
    const { type, ...members } = given.scanner;
    if (type !== "clamd") return foreignType(type, "clamd", report);
    return { type, ...withDefaults(readRecord(members, clamdRows, report), clamdRows) };
  },
};

const spamScanner: Shape<SpamScanner> = {
  words: "{ name, type: spamd or rspamd, address, timeout, connections, score_factor, mail_body_size_limit }",
  nullable: false,
  read(value, report) {
    const given = asMapping(value, amavisSpamScanner);
    if (given === undefined) return report(spamWords, value);
    if ("fault" in given) return report(`!${given.fault}`, value);
    const { type, ...members } = given.scanner;
    if (type !== "spamd" && type !== "rspamd") return foreignType(type, "spamd or rspamd", report);
    const rows = type === "spamd" ? spamdRows : rspamdRows;
    return { type, ...withDefaults(readRecord(members, rows, report), rows) };
  },
};

function asMapping(value: unknown, read: (entry: readonly unknown[]) => AmavisScanner): AmavisScanner | undefined {
  if (Array.isArray(value)) return read(value);
  return isMapping(value) ? { scanner: value } : undefined;
}

function foreignType(type: unknown, wanted: string, report: Report): never {
  return type === undefined ? report(`!a scanner needs a type: ${wanted}`, type) : report(wanted, type, ["type"]);
}

/** Each name once: log, metrics and alerts name scanners by it. */
function named<T extends { readonly name: string }>(element: Shape<T>, words: string): Shape<readonly T[]> {
  const all = list(element, words);
  return {
    ...all,
    kind: "scanners",
    read(value, report) {
      const found = all.read(value, report);
      const names = new Set<string>();
      for (const [index, scanner] of found.entries()) {
        const name = nameOf(scanner);
        if (name === undefined) continue;
        if (names.has(name)) within(report, index)(`!two scanners are called ${name}`, name);
        names.add(name);
      }
      return found;
    },
  };
}

/** What has a fault stands there as it was found. */
function nameOf(scanner: unknown): string | undefined {
  return isMapping(scanner) && typeof scanner["name"] === "string" ? scanner["name"] : undefined;
}

export const virusScanners = named(
  virusScanner,
  `a list of ${virusScanner.words}, or of amavisd's entries that mean clamd`,
);
export const spamScanners = named(
  spamScanner,
  `a list of ${spamScanner.words}, or of amavisd's entries that mean spamd or rspamd`,
);

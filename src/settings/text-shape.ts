// Shapes of values that are texts of a certain kind: names of files, destinies, mailboxes, header fields.

import { isMapping } from "../lookup/value.ts";
import { toAscii } from "../mail/domain.ts";
import { isEnvelopeSender, readSenderName } from "../mail/sender-name.ts";
import { readNumber } from "./number-shape.ts";
import { mapping, type Shape, text, toggle } from "./shape.ts";
import type { Destiny, TemplateSource } from "./values.ts";

/** A name of ours, as it goes into replies and header fields: a host name in U-labels in its A-labels. */
export const ownName: Shape<string> = {
  ...text,
  read(value, report) {
    const given = text.read(value, report);
    return typeof given === "string" && /[^\x00-\x7f]/.test(given) ? (toAscii(given) ?? given) : given;
  },
};

const destinies: readonly Destiny[] = ["D_PASS", "D_DISCARD", "D_BOUNCE", "D_REJECT", "D_TEMPFAIL"];
const destinyNumbers: ReadonlyMap<unknown, Destiny> = new Map<unknown, Destiny>([
  [1, "D_PASS"],
  [0, "D_DISCARD"],
  [-2, "D_BOUNCE"],
  [-3, "D_REJECT"],
  [-4, "D_TEMPFAIL"],
]);

/** amavisd's destinies, by name or by the number behind it; "pass" is taken for D_PASS. */
export const destiny: Shape<Destiny> = {
  words: destinies.join(", "),
  nullable: false,
  read(value, report) {
    const name = typeof value === "string" ? `D_${value.replace(/^d_/i, "").toUpperCase()}` : destinyNumbers.get(value);
    return destinies.find((known) => known === name) ?? report(`one of ${destinies.join(", ")}`, value);
  },
};

/** A file or folder. A relative name starts at the folder of the configuration file; the compiler makes it absolute. */
export const file: Shape<string> = {
  words: "the name of a file; a relative one starts at the folder of the configuration file",
  nullable: false,
  kind: "file",
  read: (value, report) => (typeof value === "string" && value !== "" ? value : report("the name of a file", value)),
};

/** "refile:name", as OpenDKIM writes the names of its tables. */
export const fileOfKind: Shape<string> = { ...text, kind: "file-of-kind" };

/** A password or key: kept out of what is printed. */
export const secret: Shape<string> = { ...text, kind: "secret" };

export const logTarget: Shape<string> = {
  words:
    "stderr, syslog, syslog:/path, syslog:host:port, or the name of a file with a slash in it (./file lies beside the configuration file)",
  nullable: false,
  kind: "log-target",
  read(value, report) {
    if (value === "stderr" || value === "syslog") return value;
    if (typeof value === "string" && /^syslog:(?:\/|.+:\d{1,5}$)/.test(value)) return value;
    return typeof value === "string" && value.includes("/")
      ? value
      : report('stderr, syslog, "syslog:host:port", "/path/to/file", or "./file" beside the configuration', value);
  },
};

/** A template of notices: its text, or a file. Faults inside it are reported when files are read. */
export const template: Shape<TemplateSource> = {
  words: "the text of a template, or { file: name }",
  nullable: true,
  read(value, report) {
    if (value === null || typeof value === "string") return value;
    if (isMapping(value) && typeof value.file === "string" && Object.keys(value).length === 1) {
      return { file: value.file };
    }
    return report("the text of a template, or { file: name }", value);
  },
};

/** The envelope sender of mail of ours. */
export const envelopeSender: Shape<string> = {
  words: 'an address, or "" for the null sender',
  nullable: false,
  read(value, report) {
    const taken = typeof value === "string" && isEnvelopeSender(value);
    return taken ? value : report('an address, or "" for the null sender', value);
  },
};

/** One mailbox as a From field has it. */
export const mailbox: Shape<string> = {
  words: 'a mailbox: "Content filter <postmaster@example.com>", or an address',
  nullable: false,
  read(value, report) {
    const taken = typeof value === "string" && readSenderName(value, "host.example") !== undefined;
    return taken ? value : report('a mailbox such as "Content filter <postmaster@example.com>"', value);
  },
};

export const upperCase: Shape<string> = {
  ...text,
  read: (value, report) => (typeof value === "string" ? value.toUpperCase() : report("text", value)),
};
export const lowerCase: Shape<string> = {
  ...text,
  read: (value, report) => (typeof value === "string" ? value.toLowerCase() : report("text", value)),
};

/** signed_header_fields: names in any case, kept lower; the member REPLACE keeps its capitals. */
export const fieldCounts = mapping(
  {
    words: "0, 1 or 2",
    nullable: true,
    read(value, report) {
      if (value === true) return 1;
      if (value === false || value === null || value === "") return 0;
      const found = readNumber(value);
      return found !== undefined && Number.isInteger(found) && found >= 0
        ? Math.min(found, 2)
        : report("0, 1 or 2", value);
    },
  } satisfies Shape<number>,
  "a mapping of header field names to 0, 1 or 2",
  fieldName,
);

/** Switches by header field name. */
export const fieldSwitches = mapping(toggle, "a mapping of header field names to true or false", fieldName);

function fieldName(name: string): string {
  return name === "REPLACE" ? name : name.toLowerCase();
}

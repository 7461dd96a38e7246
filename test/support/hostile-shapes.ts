// Mail made of as many lines, fields or tokens as its octets can hold: what costs something each time it occurs costs
// most here.

export interface HostileShape {
  readonly name: string;
  /** Header section, empty line and body, not dot-stuffed; ends with CRLF. */
  readonly octets: Buffer;
}

const head = "From: a@sender.example\r\nTo: one@example.com\r\nSubject: s\r\n";

/** What is repeated in the body, and in the header. */
const bodyUnits: readonly [string, string][] = [
  ["dot lines", ".\r\n"],
  ["two dots", "..\r\n"],
  ["a dot line and a word", ".a\r\n.\r\n"],
  ["a dot line in every fourth", "a\r\nb\r\nc\r\n.\r\n"],
  ["empty lines", "\r\n"],
  ["lines of one letter", "x\r\n"],
  ["blanks", " "],
  ["boundaries", "--x\r\n\r\n"],
];
const headerUnits: readonly [string, string][] = [
  ["dots and colons", ".:\r\n"],
  ["fields named with a dot", ".x: y\r\n"],
  ["fields of one letter", "x:\r\n"],
  ["folds", " b\r\n"],
  ["folds of a dot", " .\r\n"],
  ["lines without a colon", "abc\r\n"],
  ["Authentication-Results of ours", "Authentication-Results: mail.example.com\r\n"],
  ["Authentication-Results of ours and not", "Authentication-Results: mail.example.com\r\nx:\r\n"],
  ["Authentication-Results without a colon", "Authentication-Results\r\n"],
  ["From fields", "From: a@b.example\r\n"],
];
const longFields: readonly [string, string, string][] = [
  ["From of commas", "From: ", "a@b.example,"],
  ["From of brackets", "From: ", "("],
  ["signature of tags", "DKIM-Signature: ", "a=b;"],
  ["one field of words", "X: ", "a "],
];

/** Each shape in about `bytes` octets. */
export function hostileShapes(bytes: number): readonly HostileShape[] {
  const many = (unit: string) => unit.repeat(Math.max(1, Math.floor(bytes / unit.length)));
  const shape = (name: string, text: string): HostileShape => ({ name, octets: Buffer.from(text, "latin1") });
  return [
    ...bodyUnits.map(([name, unit]) => shape(`body: ${name}`, `${head}\r\n${many(unit)}\r\n`)),
    ...headerUnits.map(([name, unit]) => shape(`header: ${name}`, `${head}${many(unit)}\r\nx\r\n`)),
    ...longFields.map(([name, start, unit]) => shape(`header: ${name}`, `${start}${many(unit)}\r\n${head}\r\nx\r\n`)),
  ];
}

/** RFC 5321 section 4.5.2, without the end of data. */
export function dotStuffed(octets: Buffer): Buffer {
  return Buffer.from(`\r\n${octets.toString("latin1")}`.replaceAll("\r\n.", "\r\n..").slice(2), "latin1");
}

/** Copies, `size` octets each. */
export function inPieces(octets: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(octets.length / size) }, (_, i) =>
    Buffer.from(octets.subarray(i * size, (i + 1) * size)),
  );
}

// The lines of files that stand in text: uuencode, its base64 form, xxencode (the same bits by other characters), yEnc. One line
// without its end at a time.

export type Coding = "uuencode" | "base64" | "xxencode" | "yenc";

/** What a line says of the file that it is in: octets of it, its end, nothing ("pass"), or that it is no line of one. */
export type FileLine = Buffer | "end" | "pass" | undefined;

const xxAlphabet = "+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const xxValues = new Map([...xxAlphabet].map((char, value) => [char.charCodeAt(0), value]));

/** `line`: one character per octet. Blanks at its end count for yEnc alone. */
export function readFileLine(coding: Coding, line: string): FileLine {
  if (coding === "yenc") return yencLine(line);
  const text = line.trimEnd();
  if (coding === "base64") return text === "====" ? "end" : base64Line(text);
  if (text === "end") return "end";
  if (text === "" || text === "`" || (coding === "xxencode" && text === "+")) return "pass";
  return coding === "uuencode" ? uuLine(text) : xxLine(text);
}

function base64Line(line: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(line) ? Buffer.from(`${line}\r\n`, "latin1") : undefined;
}

function uuLine(line: string): Buffer | undefined {
  // Blanks at the end may be gone on the way; some write a check character or two behind.
  return bitsOf(line, (code) => (code < 32 || code > 96 ? undefined : (code - 32) & 63));
}

function xxLine(line: string): Buffer | undefined {
  const size = xxValues.get(line.charCodeAt(0)) ?? 0;
  // Words are characters of xxencode, too: a line has to have the length that it says.
  return line.length - 1 < Math.ceil(size / 3) * 4 ? undefined : bitsOf(line, (code) => xxValues.get(code));
}

/** Six bits a character behind the one that says how many octets they are; undefined where one is none. */
function bitsOf(line: string, bits: (code: number) => number | undefined): Buffer | undefined {
  const size = bits(line.charCodeAt(0));
  if (size === undefined) return undefined;
  const groups = Math.ceil(size / 3);
  if (line.length - 1 > groups * 4 + 2) return undefined;
  const octets = Buffer.alloc(groups * 3);
  for (let group = 0, at = 1; group < octets.length; group += 3, at += 4) {
    let three = 0;
    for (let i = at; i < at + 4; i += 1) {
      const six = i < line.length ? bits(line.charCodeAt(i)) : 0;
      if (six === undefined) return undefined;
      three = (three << 6) | six;
    }
    octets.writeUIntBE(three, group, 3);
  }
  return octets.subarray(0, size);
}

/** yEnc (the draft of version 1.3): each octet 42 higher; "=" stands before those that would be none in a line, 64 higher. */
function yencLine(line: string): FileLine {
  if (line.startsWith("=yend")) return "end";
  if (line.startsWith("=ypart ")) return "pass";
  const octets = Buffer.from(line, "latin1");
  let length = 0;
  for (let at = 0; at < octets.length; at += 1) {
    let octet = octets[at] ?? 0;
    if (octet === 0x3d) {
      at += 1;
      octet = (octets[at] ?? 0) - 64;
    }
    octets[length] = octet - 42;
    length += 1;
  }
  return octets.subarray(0, length);
}

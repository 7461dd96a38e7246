// Text distinguished from other octets as file(1) does it, and what kind of text.

export interface TextType {
  /** Short types as amavisd's rules have them. */
  readonly types: readonly string[];
}

/** Bits: 1 for what file(1) takes for ASCII text; 2 for UTF-8, ISO 8859 or what others have made of it; 4 for no text. */
const textKind = new Uint8Array(256).fill(4);
for (const octet of [7, 8, 9, 10, 12, 13, 27]) textKind[octet] = 1;
textKind.fill(1, 32, 127);
textKind.fill(2, 128, 256);

/**
 * "asc" for ASCII, "txt" for text in other charsets, undefined for what is no text. To look at all octets without a branch takes half
 * the time of one that ends with the first that no text has.
 */
export function baseOfText(octets: Buffer): "asc" | "txt" | undefined {
  const { length } = octets;
  let seen = 0;
  for (let at = 0; at < length; at += 1) seen |= textKind[octets[at] ?? 0] ?? 0;
  if (seen >= 4) return undefined;
  return seen < 2 ? "asc" : "txt";
}

/** Undefined for what is no text. `head`: the first octets. */
export function textType(head: Buffer): TextType | undefined {
  const wide = utf16Text(head);
  const base = wide === undefined ? baseOfText(head) : "txt";
  if (base === undefined) return undefined;
  const text = wide ?? textOf(head);
  return { types: kindOf(text.trimStart().toLowerCase()) ?? [base] };
}

const lessThan = 60;
/** Octets of text without "<" by which its kind is known, and more than most white space in front. */
const plainBytes = 128;
/** Characters that the longest of the marks without "<" has: "begin-base64 0644 ". */
const plainMark = 18;

/** The text as far as its kind goes by it: without "<" it is neither XML nor HTML, and its start says all. */
function textOf(head: Buffer): string {
  if (head.includes(lessThan)) return head.toString("latin1");
  const start = head.toString("latin1", 0, plainBytes).trimStart();
  return start.length >= plainMark ? start : head.toString("latin1");
}

/** Marks of HTML that file(1) looks for too. */
const htmlMarks = ["<!doctype html", "<html", "<head>", "<title>", "<script", "<body"];

/** XML and HTML are "asc" too: later versions of file(1) say so in words that amavisd takes for plain text. */
function kindOf(text: string): readonly string[] | undefined {
  if (text.startsWith("#!")) return ["txt"];
  if (/^begin(-base64)? [0-7]{3,4} /.test(text)) return ["uue"];
  const isXml = text.startsWith("<?xml");
  if (text.includes("<svg") && (isXml || text.startsWith("<svg") || text.startsWith("<!doctype svg")))
    return ["image", "svg"];
  if (isXml) return ["xml", "asc"];
  return text.includes("<") && htmlMarks.some((mark) => text.includes(mark)) ? ["html", "asc"] : undefined;
}

/** The text of UTF-16 with its mark, one character per unit below 256. */
function utf16Text(head: Buffer): string | undefined {
  const little = head[0] === 0xff && head[1] === 0xfe;
  const big = head[0] === 0xfe && head[1] === 0xff;
  if (!little && !big) return undefined;
  let text = "";
  for (let at = 2; at + 1 < head.length; at += 2) {
    const unit = little ? head.readUInt16LE(at) : head.readUInt16BE(at);
    if (unit < 128 && textKind[unit] !== 1) return undefined;
    text += String.fromCharCode(unit);
  }
  return text;
}

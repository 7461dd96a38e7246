// The files that read_hash, read_array and read_cidr take: one entry a line, comments from "#".

/** `key value` a line; without a value it is 1. Quoted local parts may hold blanks and "#". */
export function* readHashFile(text: string): Generator<[key: string, value: string | number]> {
  for (const line of lines(text)) {
    const { left, right, comment } = cutLine(line);
    if (left === "" && right === "") continue;
    const value = comment ? right.trimEnd() : right;
    yield [foldAddress(unquoteAddress(left)), value === "" ? 1 : value];
  }
}

/** One element a line. */
export function* readArrayFile(text: string): Generator<string> {
  for (const line of lines(text)) {
    const { left, right, blank } = cutLine(line);
    const whole = (left + blank + right).replace(/[ \t]+$/, "");
    if (whole !== "") yield unquoteAddress(whole);
  }
}

/** Postfix's CIDR tables: a line that starts with a blank goes on with the one before. */
export function* readCidrFile(text: string): Generator<[network: string, value: string | number]> {
  let logical: string | undefined;
  for (const line of [...lines(text), undefined]) {
    if (line !== undefined && /^[ \t]*(?:#|$)/.test(line)) continue;
    if (line !== undefined && /^[ \t]/.test(line)) {
      logical = (logical ?? "") + line;
      continue;
    }
    if (logical !== undefined) {
      const found = /^\s*(\S+)\s*([\s\S]*)$/.exec(logical);
      if (found !== null) yield [found[1] ?? "", found[2] === "" ? 1 : (found[2] ?? 1)];
    }
    logical = line;
  }
}

function* lines(text: string): Generator<string> {
  let from = 0;
  while (from < text.length) {
    const newline = text.indexOf("\n", from);
    const end = newline < 0 ? text.length : newline;
    yield text.slice(from, text.charCodeAt(end - 1) === 13 && end > from ? end - 1 : end);
    from = end + 1;
  }
}

interface CutLine {
  left: string;
  blank: string;
  right: string;
  comment: boolean;
}

/** Left side, blanks, right side; a "#" outside of double quotes starts a comment. */
function cutLine(line: string): CutLine {
  const cut: CutLine = { left: "", blank: "", right: "", comment: false };
  let side: "left" | "right" = "left";
  for (let at = 0; at < line.length; ) {
    const character = line.charAt(at);
    if (character === "#") {
      cut.comment = true;
      break;
    }
    let end = at + 1;
    if (character === '"') {
      const close = closingQuote(line, at);
      if (close > 0) end = close + 1;
    } else if (side === "left" && (character === " " || character === "\t")) {
      while (line.charAt(end) === " " || line.charAt(end) === "\t") end++;
      cut.blank = line.slice(at, end);
      side = "right";
      at = end;
      continue;
    }
    cut[side] += line.slice(at, end);
    at = end;
  }
  return cut;
}

function closingQuote(line: string, open: number): number {
  for (let at = open + 1; at < line.length; at++) {
    if (line.charAt(at) === "\\") at++;
    else if (line.charAt(at) === '"') return at;
  }
  return -1;
}

/** `"a b"@example.com` to `a b@example.com`. */
function unquoteAddress(address: string): string {
  if (!address.startsWith('"')) return address;
  const close = closingQuote(address, 0);
  return close < 0 ? address : address.slice(1, close).replace(/\\(.)/g, "$1") + address.slice(close + 1);
}

function foldAddress(address: string): string {
  return address.toLowerCase();
}

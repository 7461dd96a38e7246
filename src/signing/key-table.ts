// OpenDKIM's KeyTable (opendkim.conf(5)): lines "name domain:selector:key", the key inline or the name of its file.

/** A line that gives a key. "%" as domain, or in a file name, stands for the domain of the sender. */
export interface KeyTableEntry {
  readonly line: number;
  readonly name: string;
  readonly domain: string;
  readonly selector: string;
  readonly location: { readonly file: string } | { readonly inline: string };
}

/** A line that gives no key. The name is set where it could be read: mail that needs this name is deferred with the message. */
export interface KeyTableFault {
  readonly line: number;
  readonly name?: string;
  readonly domain?: string;
  readonly message: string;
}

/** Reads the text of a KeyTable, line by line. A bad line is a fault of its own and leaves the others in force. */
export function* readKeyTable(text: string): Generator<KeyTableEntry | KeyTableFault> {
  for (const line of tableLines(text)) yield readLine(line);
}

function readLine({ line, key: name, value }: TableLine): KeyTableEntry | KeyTableFault {
  // The key may be PEM or base64: only the first two colons divide.
  const first = value.indexOf(":");
  const second = first === -1 ? -1 : value.indexOf(":", first + 1);
  const domain = (first === -1 ? value : value.slice(0, first)).trim();
  if (second === -1) {
    const message = `expected "name domain:selector:key", found "${name} ${value}"`;
    // "example.com test ./key" has no domain that could be separated.
    return { line, name, message, ...(first === -1 ? {} : { domain }) };
  }
  const selector = value.slice(first + 1, second).trim();
  const key = value.slice(second + 1).trim();
  if (domain === "" || selector === "" || key === "") {
    const missing = domain === "" ? "domain" : selector === "" ? "selector" : "key";
    return { line, name, message: `the ${missing} of "${name}" is empty`, ...(domain === "" ? {} : { domain }) };
  }
  // opendkim.conf(5) wants "/", "./" or "../" in front of a file name; what cannot be a key is taken for one too.
  const isFile = /^\.{0,2}\//.test(key) || !(key.includes("-----BEGIN ") || /^[A-Za-z0-9+/=\s]+$/.test(key));
  return { line, name, domain, selector, location: isFile ? { file: key } : { inline: key } };
}

export interface TableLine {
  readonly line: number;
  /** Where it starts in the text. */
  readonly start: number;
  /** What stands before the first white space. */
  readonly key: string;
  /** The rest, without white space around it. */
  readonly value: string;
}

/** The lines of an OpenDKIM flat file: "#" starts a comment, empty lines and white space around do not count. */
export function* tableLines(text: string): Generator<TableLine> {
  let line = 0;
  for (let start = 0; start < text.length; start = endOfLine(text, start) + 1) {
    line += 1;
    const found = readTableLine(text, start, line);
    if (found !== undefined) yield found;
  }
}

/** The line that starts there; undefined where nothing stands in it. */
export function readTableLine(text: string, start: number, line: number): TableLine | undefined {
  let content = text.slice(start, endOfLine(text, start));
  const comment = content.indexOf("#");
  if (comment !== -1) content = content.slice(0, comment);
  content = content.trim();
  if (content === "") return undefined;
  let cut = 0;
  while (cut < content.length && content[cut] !== " " && content[cut] !== "\t") cut += 1;
  return { line, start, key: content.slice(0, cut), value: content.slice(cut).trim() };
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end === -1 ? text.length : end;
}

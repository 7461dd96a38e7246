// OpenDKIM's KeyTable (opendkim.conf(5)): lines "name domain:selector:key", the key inline or the name of its file.

/** A line that gives a key. "%" as domain, or in a file name, stands for the domain of the sender. */
export interface KeyTableEntry {
  readonly line: number;
  readonly name: string;
  readonly domain: string;
  readonly selector: string;
  readonly location: { readonly file: string } | { readonly inline: string };
}

/** A line that gives none. The name is set where it could be read: who asks for it is to be told. */
export interface KeyTableFault {
  readonly line: number;
  readonly name?: string;
  readonly domain?: string;
  readonly message: string;
}

export interface KeyTable {
  readonly entries: readonly KeyTableEntry[];
  readonly faults: readonly KeyTableFault[];
}

/** Reads the text of a KeyTable. A bad line is a fault of its own and leaves the others in force. */
export function parseKeyTable(text: string): KeyTable {
  const entries: KeyTableEntry[] = [];
  const faults: KeyTableFault[] = [];
  for (const { line, key: name, value } of tableLines(text)) {
    // The key may be PEM or base64: only the first two colons divide.
    const first = value.indexOf(":");
    const second = first === -1 ? -1 : value.indexOf(":", first + 1);
    const domain = (first === -1 ? value : value.slice(0, first)).trim();
    if (second === -1) {
      const message = `expected "name domain:selector:key", found "${name} ${value}"`;
      // "example.com test ./key" has no domain that could be told apart.
      faults.push({ line, name, message, ...(first === -1 ? {} : { domain }) });
      continue;
    }
    const selector = value.slice(first + 1, second).trim();
    const key = value.slice(second + 1).trim();
    if (domain === "" || selector === "" || key === "") {
      const missing = domain === "" ? "domain" : selector === "" ? "selector" : "key";
      faults.push({
        line,
        name,
        message: `the ${missing} of "${name}" is empty`,
        ...(domain === "" ? {} : { domain }),
      });
      continue;
    }
    // opendkim.conf(5) wants "/", "./" or "../" in front of a file name; what cannot be a key is taken for one too.
    const isFile = /^\.{0,2}\//.test(key) || !(key.includes("-----BEGIN ") || /^[A-Za-z0-9+/=\s]+$/.test(key));
    entries.push({ line, name, domain, selector, location: isFile ? { file: key } : { inline: key } });
  }
  return { entries, faults };
}

export interface TableLine {
  readonly line: number;
  /** What stands before the first white space. */
  readonly key: string;
  /** The rest, without white space around it. */
  readonly value: string;
}

/** The lines of an OpenDKIM flat file: "#" starts a comment, empty lines and white space around do not count. */
export function* tableLines(text: string): Generator<TableLine> {
  let line = 0;
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf("\n", start);
    if (end === -1) end = text.length;
    line += 1;
    let content = text.slice(start, end);
    start = end + 1;
    const comment = content.indexOf("#");
    if (comment !== -1) content = content.slice(0, comment);
    content = content.trim();
    if (content === "") continue;
    let cut = 0;
    while (cut < content.length && content[cut] !== " " && content[cut] !== "\t") cut += 1;
    yield { line, key: content.slice(0, cut), value: content.slice(cut).trim() };
  }
}

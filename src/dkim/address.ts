// The first address of a Sender or From field, for DomainKeys, which binds d= to it (RFC 4870 section 3.2.1).
// Not a display-address parser and never used for routing: what is odd comes out as no address.

const maxLength = 32 * 1024;

/** "local@domain" of the first mailbox, comments and display name left out, or undefined. One pass. */
export function firstAddress(body: string): string | undefined {
  if (body.length > maxLength) return undefined;
  let address = "";
  let inAngle = false;
  let depth = 0;
  for (let i = 0; i < body.length; i += 1) {
    const char = body[i];
    if (depth > 0) {
      if (char === "\\") i += 1;
      else if (char === "(") depth += 1;
      else if (char === ")") depth -= 1;
    } else if (char === "(") depth = 1;
    else if (char === '"') {
      const end = endOfQuoted(body, i);
      address += body.slice(i, end);
      i = end - 1;
    } else if (char === "<") {
      // What came before was the display name.
      address = "";
      inAngle = true;
    } else if (char === ">" && inAngle) break;
    else if (char === "," && !inAngle) break;
    else if (char !== " " && char !== "\t" && char !== "\r" && char !== "\n") address += char;
  }
  return address.includes("@") ? address : undefined;
}

/** Index behind the closing quote, or the text's end. */
function endOfQuoted(body: string, start: number): number {
  for (let i = start + 1; i < body.length; i += 1) {
    if (body[i] === "\\") i += 1;
    else if (body[i] === '"') return i + 1;
  }
  return body.length;
}

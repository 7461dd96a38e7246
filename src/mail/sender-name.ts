// The From of our notifications as it is configured: `"Content filter" <postmaster@example.com>` or an address alone.

export interface SenderName {
  /** Unicode, quoting undone; "" where there is none. */
  readonly name: string;
  readonly address: string;
}

/** What may stand in a header field and in an envelope without quotes. */
const plainAddress = /^[!#-'*+\-/-9=?A-Z^-~.]+@[A-Za-z0-9._-]+$/;

/** Whether our own mail may have it as its envelope sender: an address, or "" for the null one. */
export function isEnvelopeSender(text: string): boolean {
  return text === "" || (text.length <= 254 && plainAddress.test(text));
}

/**
 * Undefined where it is no single mailbox that may stand in a header field.
 *
 * @param hostname stands where the text has ${myhostname}, as amavisd writes it
 */
export function readSenderName(template: string, hostname: string): SenderName | undefined {
  const text = template.replaceAll(/\$\{myhostname(?:_ascii|_utf8)?\}/g, () => hostname);
  const [, given = "", address = text.trim()] = /^(.*)<([^<>]*)>\s*$/s.exec(text) ?? [];
  if (!plainAddress.test(address)) return undefined;
  const quoted = /^\s*"((?:[^"\\]|\\.)*)"\s*$/s.exec(given)?.[1]?.replace(/\\(.)/gs, "$1");
  const name = quoted ?? given.trim();
  // An unquoted name with these in it would say something else to a reader (RFC 5322 section 3.2.3).
  return /[\x00-\x1f\x7f]/.test(name) || (quoted === undefined && /[<>@,;:"\\]/.test(name))
    ? undefined
    : { name, address };
}

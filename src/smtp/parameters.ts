// Parameters of MAIL and RCPT (RFC 1870, 3461, 4954, 6152, 6531): judged, and kept as they came for the next hop. Only what
// no next hop could take is refused: the MTA in front has answered for the mail, and would have to bounce it.
import type { Reply } from "./reply.ts";

export interface JudgedParameters {
  /** Verbatim, one blank between them; SIZE= is left out because it is per hop. */
  readonly parameters: string;
  /** SIZE=, octets. */
  readonly declaredBytes?: number;
}

type Judge = (value: string | undefined) => boolean;

const mail: Readonly<Record<string, Judge>> = {
  SIZE: (value) => value !== undefined && /^\d{1,20}$/.test(value),
  BODY: (value) => value !== undefined && /^(7bit|8bitmime)$/i.test(value),
  SMTPUTF8: (value) => value === undefined,
  RET: (value) => value !== undefined && /^(full|hdrs)$/i.test(value),
  ENVID: isThere,
  AUTH: isThere,
};

const rcpt: Readonly<Record<string, Judge>> = {
  NOTIFY: (value) =>
    value !== undefined && /^(never|(success|failure|delay)(,(success|failure|delay)){0,2})$/i.test(value),
  // RFC 3461 section 4.2: an address type, of which MTAs take any text, and xtext, which may be empty.
  ORCPT: (value) => value !== undefined && value.indexOf(";") > 0,
};

/** Judges MAIL's parameters: the reply to refuse them with, or what is left of them. */
export function judgeMailParameters(parameters: readonly string[]): JudgedParameters | Reply {
  return judge(parameters, mail, { code: 504, enhanced: "5.5.4", text: "Error: unknown MAIL parameter" });
}

/** Judges RCPT's parameters: the reply to refuse them with, or what is left of them. */
export function judgeRcptParameters(parameters: readonly string[]): JudgedParameters | Reply {
  return judge(parameters, rcpt, { code: 555, enhanced: "5.5.4", text: "Error: unknown RCPT parameter" });
}

const nothing: JudgedParameters = { parameters: "" };

function judge(
  parameters: readonly string[],
  known: Readonly<Record<string, Judge>>,
  unknown: Reply,
): JudgedParameters | Reply {
  if (parameters.length === 0) return nothing;
  const seen = new Set<string>();
  let kept = "";
  let declaredBytes: number | undefined;
  for (const parameter of parameters) {
    const equals = parameter.indexOf("=");
    const key = (equals === -1 ? parameter : parameter.slice(0, equals)).toUpperCase();
    const value = equals === -1 ? undefined : parameter.slice(equals + 1);
    const accepts = Object.hasOwn(known, key) ? known[key] : undefined;
    if (accepts === undefined) return unknown;
    if (seen.has(key)) return { code: 501, enhanced: "5.5.4", text: `Error: ${key} given twice` };
    seen.add(key);
    if (!accepts(value)) return { code: 501, enhanced: "5.5.4", text: `Error: bad value of ${key}` };
    if (key === "SIZE") declaredBytes = Number(value);
    else kept += kept === "" ? parameter : ` ${parameter}`;
  }
  return declaredBytes === undefined ? { parameters: kept } : { parameters: kept, declaredBytes };
}

/**
 * Xtext harms nobody on the wire, whatever octets it stands for, none included; the MTA in front has taken it, and would
 * have to bounce the mail. Who decodes it makes it safe.
 */
function isThere(value: string | undefined): boolean {
  return value !== undefined;
}

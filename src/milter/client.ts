// The client of the MTA, as SMFIC_CONNECT names it, and the envelope's paths as SMFIC_MAIL and SMFIC_RCPT do.
import { isIP } from "node:net";
import type { ClientFacts, Path } from "../mail/transaction.ts";

/**
 * Host name, NUL, family, port in two octets, address, NUL. A client without an address ("U": mail that the MTA made of
 * a file; "L": a socket) is given by name alone. One whose name is not known is "[192.0.2.7]" to sendmail, "unknown" to Postfix.
 */
export function readClient(data: Buffer): ClientFacts {
  const end = data.indexOf(0);
  const name = data.toString("latin1", 0, end === -1 ? data.length : end);
  const named = name === "" || name === "unknown" || name.startsWith("[") ? {} : { name };
  const family = end === -1 ? "" : data.toString("latin1", end + 1, end + 2);
  if (family === "U" || family === "L") return { ...named, standing: "unavailable" };
  if ((family !== "4" && family !== "6") || data.length < end + 5) return named;
  const port = data.readUInt16BE(end + 2);
  const stop = data.indexOf(0, end + 4);
  const text = data.toString("latin1", end + 4, stop === -1 ? data.length : stop);
  const address = text.replace(/^IPv6:/i, "").replace(/^::ffff:(?=\d+\.)/i, "");
  if (isIP(address) === 0) return named;
  return { ...named, address, ...(port === 0 ? {} : { port: String(port) }) };
}

/** "<a@example.com>" and its parameters; SIZE= is left out, as it is per hop. */
export function readPath([path = "", ...parameters]: readonly string[]): Path {
  return {
    address: path.replace(/^<(.*)>$/s, "$1"),
    parameters: parameters.filter((each) => each !== "" && !/^SIZE=/i.test(each)).join(" "),
  };
}

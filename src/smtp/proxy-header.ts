// The PROXY protocol header that a load balancer puts before everything else on a connection, versions 1 and 2
// (HAProxy's specification, sections 2.1 and 2.2): whom it speaks for. Which peers may send one is decided in receive.
import { isIPv4, isIPv6 } from "node:net";

export interface ProxySource {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  /** More octets are needed. */
  | { readonly state: "incomplete" }
  | { readonly state: "malformed" }
  /** `lengthBytes` octets were the header. `source` is missing where the balancer speaks for itself (health checks). */
  | { readonly state: "complete"; readonly lengthBytes: number; readonly source?: ProxySource };

const incomplete: ProxyHeader = { state: "incomplete" };
const malformed: ProxyHeader = { state: "malformed" };

const signature2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const fixedBytes2 = 16;
/** Section 2.1: the longest line of version 1, its CRLF included. */
const maxBytes1 = 107;
/** Addresses and whatever a balancer may add in TLVs; the specification has receivers skip those. */
const maxBytes2 = fixedBytes2 + 4096;

/** Reads the header at the start of `octets`. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (octets.length === 0) return incomplete;
  return octets[0] === signature2[0] ? readVersion2(octets) : readVersion1(octets);
}

function readVersion1(octets: Buffer): ProxyHeader {
  const start = "PROXY ";
  const text = octets.toString("latin1", 0, maxBytes1);
  if (text.slice(0, start.length) !== start.slice(0, text.length)) return malformed;
  const end = text.indexOf("\r\n");
  if (end === -1) return text.length === maxBytes1 ? malformed : incomplete;
  const lengthBytes = end + 2;
  const [, family = "", source = "", destination = "", sourcePort = "", port = "", more] = text
    .slice(0, end)
    .split(" ");
  if (family === "UNKNOWN") return { state: "complete", lengthBytes };
  const isAddress = family === "TCP4" ? isIPv4 : family === "TCP6" ? isIPv6 : undefined;
  const number = readPort(sourcePort);
  if (more !== undefined || isAddress === undefined || number === undefined || readPort(port) === undefined) {
    return malformed;
  }
  if (!isAddress(source) || !isAddress(destination)) return malformed;
  return { state: "complete", lengthBytes, source: { address: source, port: number } };
}

function readPort(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535 ? Number(text) : undefined;
}

function readVersion2(octets: Buffer): ProxyHeader {
  const seen = Math.min(octets.length, signature2.length);
  if (octets.compare(signature2, 0, seen, 0, seen) !== 0) return malformed;
  if (octets.length < fixedBytes2) return incomplete;
  const [versionAndCommand = 0, familyAndProtocol = 0] = octets.subarray(12, 14);
  const lengthBytes = fixedBytes2 + octets.readUInt16BE(14);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > 1 || lengthBytes > maxBytes2) return malformed;
  if (octets.length < lengthBytes) return incomplete;
  // LOCAL: the balancer's own connection; families other than TCP name nobody we could ask about.
  if (command === 0) return { state: "complete", lengthBytes };
  const family = familyAndProtocol === 0x11 ? 4 : familyAndProtocol === 0x21 ? 6 : undefined;
  if (family === undefined) return { state: "complete", lengthBytes };
  const addressBytes = family === 4 ? 4 : 16;
  if (lengthBytes < fixedBytes2 + 2 * addressBytes + 4) return malformed;
  const address = octets.subarray(fixedBytes2, fixedBytes2 + addressBytes);
  const port = octets.readUInt16BE(fixedBytes2 + 2 * addressBytes);
  return {
    state: "complete",
    lengthBytes,
    source: { address: family === 4 ? address.join(".") : ipv6Text(address), port },
  };
}

/** RFC 5952 form. */
function ipv6Text(octets: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => octets.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

// The addresses of sockets as access lists and log have them.

/** IPv4 as a socket that listens for IPv6 too shows it: "::ffff:192.0.2.1" is 192.0.2.1. */
export function withoutMapping(address = ""): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { type ProxyHeader, readProxyHeader } from "../../../src/smtp/proxy-header.ts";

const signature = "0d0a0d0a000d0a515549540a";
const version2 = (hex: string) => Buffer.from(signature + hex.replaceAll(" ", ""), "hex");

const good: readonly (readonly [name: string, octets: Buffer, source: unknown])[] = [
  ["TCP4", Buffer.from("PROXY TCP4 192.0.2.7 127.0.0.1 45678 10024\r\n"), { address: "192.0.2.7", port: 45678 }],
  ["TCP6", Buffer.from("PROXY TCP6 2001:db8::7 ::1 45678 10024\r\n"), { address: "2001:db8::7", port: 45678 }],
  ["UNKNOWN", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
  ["UNKNOWN with addresses", Buffer.from("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), undefined],
  [
    "version 2, TCP over IPv4",
    version2("21 11 000c c0000207 7f000001 b26e 2728"),
    { address: "192.0.2.7", port: 45678 },
  ],
  [
    "version 2, TCP over IPv6, with a TLV",
    version2("21 21 0028 20010db8000000000000000000000007 00000000000000000000000000000001 b26e 2728 04 0001 00"),
    { address: "2001:db8::7", port: 45678 },
  ],
  ["version 2, LOCAL", version2("20 00 0000"), undefined],
  ["version 2, a unix socket", version2(`21 31 00d8 ${"00".repeat(216)}`), undefined],
];

for (const [name, octets, source] of good) {
  test(`reads ${name}, and says where it ends, however it is cut`, () => {
    const whole = Buffer.concat([octets, Buffer.from("EHLO a\r\n")]);
    const { state, ...rest } = readProxyHeader(whole);
    assert.equal(state, "complete");
    const wanted = { lengthBytes: octets.length, ...(source === undefined ? {} : { source }) };
    assert.deepEqual(rest, wanted);
    for (let end = 0; end < octets.length; end += 1) {
      assert.deepEqual(readProxyHeader(octets.subarray(0, end)), { state: "incomplete" } satisfies ProxyHeader);
    }
  });
}

for (const text of [
  "EHLO a\r\n",
  "PROXY TCP4 192.0.2.7 127.0.0.1 45678\r\n",
  "PROXY TCP4 192.0.2.7 127.0.0.1 45678 10024 x\r\n",
  "PROXY TCP4 192.0.2.7 127.0.0.1 45678 65536\r\n",
  "PROXY TCP4 2001:db8::7 ::1 45678 10024\r\n",
  "PROXY TCP4 mail.example 127.0.0.1 45678 10024\r\n",
  "PROXY UDP4 192.0.2.7 127.0.0.1 45678 10024\r\n",
  "PROXY \r\n",
  `PROXY UNKNOWN ${"x".repeat(100)}`,
  "\r\n\r\n\0\r\nQUIT\r\n",
]) {
  test(`does not take ${JSON.stringify(text.slice(0, 50))} for a header`, () => {
    assert.deepEqual(readProxyHeader(Buffer.from(text, "latin1")), { state: "malformed" });
  });
}

for (const [name, hex] of [
  ["another version", "31 11 000c c0000207 7f000001 b26e 2728"],
  ["another command", "22 11 000c c0000207 7f000001 b26e 2728"],
  ["addresses that are not there", "21 11 0004 c0000207"],
  ["more than there can be to say", "21 11 ffff c0000207 7f000001 b26e 2728"],
] as const) {
  test(`does not take a version 2 header with ${name}`, () => {
    assert.deepEqual(readProxyHeader(version2(hex)), { state: "malformed" });
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { isLoopback, parseDnsServer, parseResolvConf } from "../../../src/dns/server-address.ts";

test("servers are read with and without a port", () => {
  const cases: [string, { address: string; port: number } | undefined][] = [
    ["127.0.0.1", { address: "127.0.0.1", port: 53 }],
    ["127.0.0.1:5353", { address: "127.0.0.1", port: 5353 }],
    ["::1", { address: "::1", port: 53 }],
    ["[::1]", { address: "::1", port: 53 }],
    ["[2001:db8::1]:5353", { address: "2001:db8::1", port: 5353 }],
    ["2001:db8::1:5353", { address: "2001:db8::1:5353", port: 53 }],
    ["ns.example.com", undefined],
    ["127.0.0.1:0", undefined],
    ["127.0.0.1:65536", undefined],
    ["127.0.0.1:", undefined],
    ["[127.0.0.1]:53", undefined],
    ["", undefined],
  ];
  for (const [text, server] of cases) assert.deepEqual(parseDnsServer(text), server, text);
});

test("resolv.conf gives its first three servers and its times", () => {
  const text = [
    "# nameserver 192.0.2.9",
    "search example.com",
    "nameserver 127.0.0.53 ; local",
    "nameserver\t2001:db8::53",
    "nameserver not-an-address",
    "nameserver 192.0.2.1",
    "nameserver 192.0.2.2",
    "options edns0 timeout:3 attempts:9 rotate",
  ].join("\n");
  assert.deepEqual(parseResolvConf(text), {
    servers: [
      { address: "127.0.0.53", port: 53 },
      { address: "2001:db8::53", port: 53 },
      { address: "192.0.2.1", port: 53 },
    ],
    timeoutMs: 3000,
    tries: 5,
  });
  assert.deepEqual(parseResolvConf(""), { servers: [] });
});

test("only servers on this machine count as loopback", () => {
  for (const address of ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"]) {
    assert.equal(isLoopback({ address, port: 53 }), true, address);
  }
  for (const address of ["192.0.2.1", "::2", "128.0.0.1"]) assert.equal(isLoopback({ address, port: 53 }), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { readClient, readPath } from "../../../src/milter/client.ts";

function told(name: string, family: string, port: number, address: string): Buffer {
  return Buffer.concat([
    Buffer.from(`${name}\0${family}`),
    Buffer.of(port >> 8, port & 255),
    Buffer.from(`${address}\0`),
  ]);
}

const cases = [
  [
    "an IPv4 client with a name",
    told("mx.example.net", "4", 12345, "192.0.2.7"),
    { name: "mx.example.net", address: "192.0.2.7", port: "12345" },
  ],
  ["a name in brackets is an address", told("[192.0.2.7]", "4", 25, "192.0.2.7"), { address: "192.0.2.7", port: "25" }],
  [
    "a client whose name Postfix does not know",
    told("unknown", "4", 25, "192.0.2.7"),
    { address: "192.0.2.7", port: "25" },
  ],
  [
    "IPv6 as sendmail writes it",
    told("a.example", "6", 25, "IPv6:2001:db8::1"),
    { name: "a.example", address: "2001:db8::1", port: "25" },
  ],
  ["IPv4 within IPv6", told("a.example", "6", 0, "::ffff:192.0.2.7"), { name: "a.example", address: "192.0.2.7" }],
  ["mail that no client brought", Buffer.from("localhost\0U"), { name: "localhost", standing: "unavailable" }],
  ["a unix socket", told("localhost", "L", 0, "/tmp/x"), { name: "localhost", standing: "unavailable" }],
  ["an address that is none", told("a.example", "4", 25, "nonsense"), { name: "a.example" }],
  ["nothing", Buffer.alloc(0), {}],
] as const;

for (const [title, data, client] of cases) test(title, () => assert.deepEqual(readClient(data), client));

test("paths lose their brackets and SIZE, and keep their other parameters", () => {
  assert.deepEqual(readPath(["<a@example.com>", "SIZE=12", "BODY=8BITMIME", "RET=HDRS"]), {
    address: "a@example.com",
    parameters: "BODY=8BITMIME RET=HDRS",
  });
  assert.deepEqual(readPath(["<>"]), { address: "", parameters: "" });
  assert.deepEqual(readPath([]), { address: "", parameters: "" });
});

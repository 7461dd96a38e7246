import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientFacts } from "../../../src/mail/transaction.ts";
import { xforwardCommands } from "../../../src/smtp/xforward-command.ts";

const all = new Set(["NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE"]);

const cases: readonly [string, ClientFacts, ReadonlySet<string>, readonly string[]][] = [
  [
    "tells all it knows, in amavisd's order",
    {
      name: "mx.example.org",
      address: "192.0.2.1",
      port: "33333",
      helo: "mx.example.org",
      protocol: "ESMTP",
      ident: "AB12",
      source: "REMOTE",
    },
    all,
    ["XFORWARD ADDR=192.0.2.1 NAME=mx.example.org PORT=33333 PROTO=ESMTP HELO=mx.example.org SOURCE=REMOTE IDENT=AB12"],
  ],
  [
    "tells what is offered alone",
    { address: "192.0.2.1", helo: "h", ident: "i" },
    new Set(["ADDR", "IDENT"]),
    ["XFORWARD ADDR=192.0.2.1 IDENT=i"],
  ],
  ["tags an IPv6 address", { address: "2001:db8::1" }, all, ["XFORWARD ADDR=IPv6:2001:db8::1"]],
  ["tags it once", { address: "IPv6:2001:db8::1" }, all, ["XFORWARD ADDR=IPv6:2001:db8::1"]],
  ["says nothing of an unknown client", { name: "mx.example.org", helo: "h" }, all, []],
  ["says nothing where nothing is offered", { address: "192.0.2.1" }, new Set(), []],
  ["leaves out what is not known", { address: "192.0.2.1", name: "" }, all, ["XFORWARD ADDR=192.0.2.1"]],
  [
    "makes harmful octets harmless and encodes the rest",
    { address: "192.0.2.1", helo: 'a b\r\nRSET<x>(y)\\"z;@+=\xe4\x1b' },
    all,
    ["XFORWARD ADDR=192.0.2.1 HELO=a?b??RSET?x??y???z??+2B+3D??"],
  ],
];

for (const [name, client, offered, commands] of cases) {
  test(name, () => assert.deepEqual(xforwardCommands(client, offered), commands));
}

test("splits what is too long for one command", () => {
  const client = { address: "192.0.2.1", name: "n".repeat(300), helo: "+".repeat(255), ident: "i" };
  const commands = xforwardCommands(client, all);
  assert.equal(commands.length, 3);
  assert.equal(commands[0], `XFORWARD ADDR=192.0.2.1 NAME=${"n".repeat(255)}`);
  assert.equal(commands[2], "XFORWARD IDENT=i");
});

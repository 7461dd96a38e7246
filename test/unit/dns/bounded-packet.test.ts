import assert from "node:assert/strict";
import { test } from "node:test";
import * as packet from "dns-packet";
import { boundedPacket } from "../../../src/dns/bounded-packet.ts";

const a: packet.Answer = { type: "A", name: "x.example", ttl: 5, data: "192.0.2.1" };
const question: packet.Question = { type: "A", name: "x.example" };

function response(answers: readonly packet.Answer[], questions = [question]): Buffer {
  return packet.encode({ type: "response", id: 1, questions, answers: [...answers] });
}

test("a packet of the types that are read is decoded as it is", () => {
  const octets = response([
    a,
    { type: "AAAA", name: "x.example", data: "2001:db8::1" },
    { type: "CNAME", name: "y.example", data: "x.example" },
    { type: "MX", name: "x.example", data: { preference: 10, exchange: "mx.example" } },
    { type: "TXT", name: "x.example", data: ["a", "b"] },
    { type: "PTR", name: "1.2.0.192.in-addr.arpa", data: "x.example" },
    { type: "NS", name: "example", data: "ns.example" },
    { type: "SOA", name: "example", data: { mname: "ns.example", rname: "root.example" } },
  ]);
  assert.equal(boundedPacket(octets), octets);
});

test("records of other types keep their names and lose their meaning, the packet that came stays as it is", () => {
  const octets = response([{ type: "SRV", name: "s.example", data: { port: 25, target: "x.example" } }, a]);
  const before = Buffer.from(octets);
  const bounded = boundedPacket(octets);
  assert.ok(bounded !== undefined);
  assert.deepEqual(octets, before);
  const { answers = [] } = packet.decode(bounded);
  assert.deepEqual(
    answers.map(({ name }) => name),
    ["s.example", "x.example"],
  );
  assert.equal(String(answers[0]?.type), "UNKNOWN_65280");
});

/** Pointers, each at the one before it, and records whose names are the last of them. */
function chained(pointers: number, records: number): Buffer {
  const header = Buffer.from([0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(records + 1, 6);
  // A record of a type that nobody knows with the chain in its data; the first pointer is at the root name of its own owner.
  const chain = Buffer.alloc(pointers * 2);
  for (let i = 0; i < pointers; i += 1) chain.writeUInt16BE(0xc000 | (i === 0 ? 12 : 12 + 11 + (i - 1) * 2), i * 2);
  const carrier = Buffer.from([0, 0xff, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
  carrier.writeUInt16BE(chain.length, 9);
  const record = Buffer.from([0xc0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 1]);
  record.writeUInt16BE(0xc000 | (12 + 11 + (pointers - 1) * 2), 0);
  return Buffer.concat([header, carrier, chain, ...Array.from({ length: records }, () => record)]);
}

test("chains of pointers are followed as far as the packet's steps go", () => {
  const few = boundedPacket(chained(100, 10));
  assert.ok(few !== undefined);
  assert.equal(packet.decode(few).answers?.length, 11);
  assert.equal(boundedPacket(chained(7900, 3439)), undefined);
  assert.equal(boundedPacket(chained(100, 3439)), undefined);
});

test("what is no message is none: loops, cut packets, labels of other kinds", () => {
  const loop = response([a]);
  loop.writeUInt16BE(0xc00c, 12);
  assert.equal(boundedPacket(loop), undefined);
  const octets = response([a]);
  for (let length = 0; length < octets.length; length += 1)
    assert.equal(boundedPacket(octets.subarray(0, length)), undefined);
  const odd = response([a]);
  odd[12] = 0x80;
  assert.equal(boundedPacket(odd), undefined);
});

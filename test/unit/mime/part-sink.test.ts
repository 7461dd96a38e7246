import assert from "node:assert/strict";
import { test } from "node:test";
import { fromFirstOctet, toAll } from "../../../src/mime/part-sink.ts";
import { collectOctets, writeInPieces } from "../../support/octet-pieces.ts";

test("each sink gets all octets and the end", () => {
  const sinks = [collectOctets(), collectOctets()];
  writeInPieces(toAll(sinks.map(({ sink }) => sink)), Buffer.from("some octets"), 3);
  for (const { octets, ended } of sinks) assert.deepEqual([octets().toString(), ended()], ["some octets", 1]);
});

test("a sink is made once, when the first octet comes, and never without one", () => {
  const collected = collectOctets();
  let made = 0;
  const create = () =>
    fromFirstOctet(() => {
      made += 1;
      return collected.sink;
    });
  writeInPieces(create(), Buffer.alloc(0));
  const sink = create();
  sink.write(Buffer.alloc(0));
  assert.equal(made, 0);
  writeInPieces(sink, Buffer.from("some octets"), 2);
  assert.deepEqual([made, collected.octets().toString(), collected.ended()], [1, "some octets", 1]);
});

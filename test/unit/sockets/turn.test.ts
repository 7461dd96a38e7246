// What is written in one turn of the event loop leaves once, at its end, on every socket.
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { afterTurn, holdForTurn } from "../../../src/sockets/turn.ts";

/** A stream that notes each group of writes it is made to do. */
function recorder(): { readonly stream: Writable; readonly groups: string[] } {
  const groups: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      groups.push(String(chunk));
      done();
    },
    writev(chunks, done) {
      groups.push(chunks.map(({ chunk }) => String(chunk)).join(""));
      done();
    },
  });
  return { stream, groups };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("writes of a turn leave together at its end, and those of the next turn again", async () => {
  const one = recorder();
  const other = recorder();
  for (const text of ["a", "b"]) {
    for (const { stream } of [one, other]) {
      holdForTurn(stream);
      stream.write(text);
    }
  }
  assert.deepEqual([one.groups, other.groups], [[], []]);
  await turn();
  assert.deepEqual([one.groups, other.groups], [["ab"], ["ab"]]);
  holdForTurn(one.stream);
  one.stream.write("c");
  await turn();
  assert.deepEqual(one.groups, ["ab", "c"]);
});

test("a stream that ends or is destroyed in its turn holds nothing up", async () => {
  const ended = recorder();
  const destroyed = recorder();
  const other = recorder();
  for (const { stream } of [ended, destroyed, other]) {
    holdForTurn(stream);
    stream.write("x");
  }
  ended.stream.end();
  destroyed.stream.destroy();
  await turn();
  assert.deepEqual([ended.groups, other.groups], [["x"], ["x"]]);
});

test("what is put off is done after the writes of its turn, in order, whichever was asked for first", async () => {
  const done: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, next) {
      done.push(String(chunk));
      next();
    },
  });
  afterTurn(() => done.push("first"));
  holdForTurn(stream);
  stream.write("reply");
  afterTurn(() => done.push("second"));
  await new Promise<void>(afterTurn);
  assert.deepEqual(done, ["reply", "first", "second"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { watchForQuiet } from "../../../src/process/quiet-memory.ts";

const mb = 1024 * 1024;

/** A thread that holds 20 MB when it is watched for the first time. */
function watched() {
  const thread = { busy: 0, held: 20 * mb, live: 20 * mb, given: 0 };
  const look = watchForQuiet({
    busyShare: () => thread.busy,
    heldBytes: () => thread.held,
    giveBack() {
      thread.given += 1;
      thread.held = thread.live;
    },
  });
  const looks = (count: number) => {
    for (let i = 0; i < count; i += 1) look();
  };
  return { thread, looks };
}

test("what load left behind is given back after ten quiet looks, once", () => {
  const { thread, looks } = watched();
  thread.busy = 0.5;
  thread.held = 90 * mb;
  looks(100);
  assert.equal(thread.given, 0);
  thread.busy = 0.005;
  looks(9);
  assert.equal(thread.given, 0);
  looks(1);
  assert.equal(thread.given, 1);
  looks(100);
  assert.equal(thread.given, 1);
});

test("a busy look begins the wait anew", () => {
  const { thread, looks } = watched();
  thread.held = 90 * mb;
  for (let i = 0; i < 10; i += 1) {
    thread.busy = 0;
    looks(9);
    thread.busy = 0.02;
    looks(1);
  }
  assert.equal(thread.given, 0);
});

test("little is not worth it", () => {
  const { thread, looks } = watched();
  thread.held = 32 * mb;
  looks(100);
  assert.equal(thread.given, 0);
});

test("what is alive after all counts as held from then on", () => {
  const { thread, looks } = watched();
  thread.held = 90 * mb;
  thread.live = 80 * mb;
  looks(100);
  assert.equal(thread.given, 1);
  thread.held = 120 * mb;
  looks(10);
  assert.equal(thread.given, 2);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createRoom } from "../../../src/quarantine/room.ts";

function scene(minFreeBytes: number) {
  const state = { free: 1000, now: 0, gone: false, asked: 0 };
  const room = createRoom({
    folder: "/q",
    minFreeBytes,
    async free() {
      state.asked += 1;
      if (state.gone) throw new Error("ENOENT");
      return state.free;
    },
    now: () => state.now,
  });
  /** The answer of the moment, then what the look that it began has found. */
  async function later(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    state.now += 2000;
    room.isThere();
    await new Promise((resolve) => setImmediate(resolve));
    return room.isThere();
  }
  return { state, room, later };
}

test("below the bound there is no room, until there is again; it is looked at once a second", async () => {
  const { state, room, later } = scene(500);
  assert.equal(await later(), true);
  state.free = 499;
  assert.equal(room.isThere(), true, "not looked at yet");
  assert.equal(await later(), false);
  const { asked } = state;
  for (let time = 0; time < 100; time += 1) room.isThere();
  assert.equal(state.asked, asked);
  state.free = 500;
  assert.equal(await later(), true);
});

test("a folder that is gone is no reason to refuse all mail, and a bound of 0 is none", async () => {
  const { state, room, later } = scene(500);
  state.gone = true;
  assert.equal(await later(), true);
  assert.ok(Number.isNaN(await room.freeBytes()));
  const unbounded = scene(0);
  unbounded.state.free = 0;
  assert.equal(await unbounded.later(), true);
});

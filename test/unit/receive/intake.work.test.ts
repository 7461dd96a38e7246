// What a header costs on its way in: octets looked at and copied are counted.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { defaultHeaderLimits } from "../../../src/mail/header.ts";
import { Intake, type IntakeOptions } from "../../../src/receive/intake.ts";
import { createMessageStore, type MessageStore } from "../../../src/receive/store.ts";
import { hostileShapes } from "../../support/hostile-shapes.ts";
import { defaultStoreLimits } from "../../support/receive-defaults.ts";

const options: IntakeOptions = {
  sizeLimit: 0,
  maxHeaderBytes: 16 * 1024 * 1024,
  headerLimits: defaultHeaderLimits,
  onHead: () => () => [],
  startDigest: () => {
    throw new Error("nothing is to be hashed here");
  },
};

async function store(t: TestContext): Promise<MessageStore> {
  const folder = await mkdtemp(join(tmpdir(), "intake-"));
  t.after(() => rm(folder, { recursive: true }));
  const system = { now: Date.now, freeBytes: async () => Number.MAX_SAFE_INTEGER };
  return createMessageStore({ ...defaultStoreLimits, spoolDirectory: folder }, system);
}

interface Looks {
  /** Octets that Buffer.indexOf went over. */
  searched: number;
  /** Octets that Buffer.copy moved. */
  copied: number;
}

function countLooks(t: TestContext): Looks {
  const looks: Looks = { searched: 0, copied: 0 };
  const { indexOf, copy } = Buffer.prototype;
  // Not by a mock, which would keep each call.
  t.after(() => Object.assign(Buffer.prototype, { indexOf, copy }));
  Object.assign(Buffer.prototype, {
    indexOf(this: Buffer, value: string, from = 0) {
      const found = indexOf.call(this, value, from, "latin1");
      looks.searched += (found === -1 ? this.length : found) - from;
      return found;
    },
    copy(this: Buffer, ...args: Parameters<Buffer["copy"]>) {
      const copied = copy.apply(this, args);
      looks.copied += copied;
      return copied;
    },
  });
  return looks;
}

test("each octet of a header is looked at and copied a few times, however small the pieces it comes in", async (t) => {
  const given = await store(t);
  const looks = countLooks(t);
  for (const { name, octets } of hostileShapes(60_000)) {
    for (const piece of [1, 1460, 65_536]) {
      looks.searched = looks.copied = 0;
      const intake = new Intake(given, options);
      for (let at = 0; at < octets.length; at += piece) {
        intake.take(octets, at, Math.min(octets.length, at + piece));
      }
      const received = await intake.finish();
      assert.equal(intake.failure, undefined);
      assert.ok(received !== undefined, name);
      // Three octets before a piece may belong to the end of the header. Growing copies what is there once per doubling.
      const most = octets.length + 4 * Math.ceil(octets.length / piece);
      assert.ok(looks.searched <= most, `${name} by ${piece}: searched ${looks.searched} for ${octets.length}`);
      assert.ok(looks.copied <= 3 * octets.length, `${name} by ${piece}: copied ${looks.copied} for ${octets.length}`);
      intake.release();
    }
  }
});

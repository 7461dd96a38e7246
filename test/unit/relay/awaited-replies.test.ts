import assert from "node:assert/strict";
import { test } from "node:test";
import { AwaitedReplies, type ConnectionFailure, type ReplySource } from "../../../src/relay/awaited-replies.ts";

const patience = { eachMs: 100, lastMs: 500 };

/** A connection of which only the record remains: what it was asked to do. */
function setUp(): { replies: AwaitedReplies; source: ReplySource & { hasUnsent: boolean }; log: unknown[] } {
  const log: unknown[] = [];
  const source = {
    failure: undefined as ConnectionFailure | undefined,
    hasUnsent: false,
    setDeadline: (timeoutMs: number) => void log.push(timeoutMs),
    clearDeadline: () => void log.push("clear"),
    fail(failure: ConnectionFailure) {
      source.failure = failure;
      log.push(failure.kind);
      replies.end(failure);
    },
    drop: () => source.fail({ kind: "dropped" }),
  };
  const replies = new AwaitedReplies(source);
  return { replies, source, log };
}

test("the last reply has a time of its own, and nothing is awaited after it", async () => {
  const { replies, log } = setUp();
  const answer = replies.expect(3, patience);
  replies.read("250 a\r\n250 ");
  replies.read("b\r\n354 c\r\n");
  assert.deepEqual(
    [(await answer).replies.map(({ code }) => code), log],
    [
      [250, 250, 354],
      [100, 100, 500, "clear"],
    ],
  );
  assert.equal(replies.patience, undefined);
});

test("a reply to no command, 421 and what is no reply fail the connection", async () => {
  const cases: [count: number, text: string, kind: string][] = [
    [0, "250 2.0.0 Ok\r\n", "refused"],
    [2, "250 a\r\n421 4.3.2 bye\r\n", "refused"],
    [1, "HTTP/1.1 400\r\n", "garbage"],
  ];
  for (const [count, text, kind] of cases) {
    const { replies, source } = setUp();
    const answer = count === 0 ? undefined : replies.expect(count, patience);
    replies.read(text);
    assert.equal(source.failure?.kind, kind, text);
    if (answer !== undefined) assert.equal((await answer).failure?.kind, kind, text);
  }
});

test("an unasked reply is thrown away, unless it is 421", async () => {
  const { replies, source } = setUp();
  replies.expectUnasked();
  const answer = replies.expect(1, patience);
  replies.read("250 reset\r\n250 mail\r\n");
  assert.equal((await answer).replies[0]?.text, "mail");
  replies.expectUnasked();
  replies.read("421 bye\r\n");
  assert.equal(source.failure?.kind, "refused");
});

test("a good reply about content that is not all out is worth nothing; a bad one ends the connection", async () => {
  const good = setUp();
  good.source.hasUnsent = true;
  const accepted = good.replies.expect(2, patience, 1);
  good.replies.read("250 envelope\r\n250 content\r\n");
  const { replies, failure } = await accepted;
  assert.deepEqual([replies.length, failure?.kind], [1, "garbage"]);

  const bad = setUp();
  bad.source.hasUnsent = true;
  const refused = bad.replies.expect(1, patience, 0);
  bad.replies.read("552 too large\r\n");
  assert.deepEqual([(await refused).replies[0]?.code, (await refused).failure], [552, undefined]);
  assert.equal(bad.source.failure?.kind, "dropped");
});

test("after a failure nothing is awaited", async () => {
  const { replies, source } = setUp();
  source.fail({ kind: "timeout" });
  assert.deepEqual(await replies.expect(1, patience), { replies: [], failure: { kind: "timeout" } });
});

// Whatever a scanner says, when and in which pieces: a mail is clean or scored by a clear answer alone, never by anything that
// looks like one, and no scanner makes a client throw, hang beyond its time or keep a connection.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { createClamdClient } from "../../src/scanners/clamd.ts";
import { parseClamdReply } from "../../src/scanners/clamd-protocol.ts";
import { createRspamdClient } from "../../src/scanners/rspamd.ts";
import { readRspamdAnswer } from "../../src/scanners/rspamd-protocol.ts";
import { createSpamdClient } from "../../src/scanners/spamd.ts";
import { readSpamdReply } from "../../src/scanners/spamd-protocol.ts";
import { rspamdAnswer } from "../support/fake-rspamd.ts";
import { spamdReply } from "../support/fake-spamd.ts";
import { test } from "../support/limited.ts";
import { memoryMail } from "../support/scanned-mail.ts";
import { spamQuestion } from "../support/spam-question.ts";

const seed = 15;
const now = () => performance.now();

/** One octet of a valid answer changed, left out or put in, or the answer cut. */
function mutations(valid: string): fc.Arbitrary<string> {
  const at = fc.integer({ min: 0, max: valid.length });
  const octet = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  return fc.oneof(
    fc.tuple(at, octet).map(([index, put]) => valid.slice(0, index) + put + valid.slice(index + 1)),
    fc.tuple(at, octet).map(([index, put]) => valid.slice(0, index) + put + valid.slice(index)),
    at.map((index) => valid.slice(0, index) + valid.slice(index + 1)),
    at.map((index) => valid.slice(0, index)),
    at.map((index) => valid + valid.slice(0, index)),
    fc.string({ unit: "binary-ascii", maxLength: 60 }),
  );
}

test("clamd: nothing but its very words is clean", () => {
  for (const valid of ["1: stream: OK", "1: stream: Eicar FOUND", "1: stream: Can't allocate memory ERROR"]) {
    fc.assert(
      fc.property(mutations(valid), (reply) => {
        const { result } = parseClamdReply(reply, 1);
        assert.equal(result === "clean", reply === "1: stream: OK");
        if (result === "infected") assert.match(reply, /^1: stream: \S[^\0\r\n]* FOUND$/);
      }),
      { seed, numRuns: 1000 },
    );
  }
});

const spamdAnswer = spamdReply(7.5, "A=5,B=2.5");

test("spamd: a score is a number, from an answer that is whole", () => {
  fc.assert(
    fc.property(mutations(spamdAnswer), fc.boolean(), (reply, isEnd) => {
      const outcome = readSpamdReply(Buffer.from(reply, "latin1"), isEnd);
      if (outcome === "more") assert.ok(!isEnd);
      else if ("trouble" in outcome) assert.match(outcome.detail, /^[\x20-\x7e]{1,300}$/);
      else {
        assert.ok(Number.isFinite(outcome.score) && Number.isFinite(outcome.required), reply);
        assert.match(reply, /^SPAMD\/\d+\.\d+ 0 EX_OK/);
        for (const { name, score = 0 } of outcome.tests) assert.ok(/^[\w.:-]+$/.test(name) && Number.isFinite(score));
      }
    }),
    { seed, numRuns: 3000 },
  );
  for (const score of ["9".repeat(400), `-${"9".repeat(400)}`]) {
    const outcome = readSpamdReply(Buffer.from(spamdAnswer.replace("7.5", score)), true);
    assert.ok(outcome !== "more" && "trouble" in outcome, "a score without bound");
  }
});

test("rspamd: a score is a number, whatever JSON comes", () => {
  const members = fc.record(
    { score: fc.jsonValue(), required_score: fc.jsonValue(), action: fc.jsonValue(), symbols: fc.jsonValue() },
    { requiredKeys: [] },
  );
  const texts = fc.oneof(
    members.map((value) => JSON.stringify(value)),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    mutations(rspamdAnswer(7.5, { A: 5, B: 2.5 })),
    fc.constantFrom('{"score":1e999,"required_score":15}', '{"score":1,"required_score":-1e999}'),
    fc.constantFrom('{"score":1,"required_score":15,"symbols":{"A":{"score":1e999},"__proto__":{"score":1}}}'),
    fc.integer({ min: 1, max: 50_000 }).map((depth) => `${'{"symbols":'.repeat(depth)}1${"}".repeat(depth)}`),
  );
  fc.assert(
    fc.property(texts, fc.constantFrom(200, 200, 200, 404, 500), (text, status) => {
      const outcome = readRspamdAnswer(status, Buffer.from(text));
      if ("trouble" in outcome) assert.match(outcome.detail, /^[\x20-\x7e]{1,300}$/);
      else {
        assert.equal(status, 200);
        // Nothing is required where all actions are switched off.
        const isBound = Number.isFinite(outcome.required) || outcome.required === Number.POSITIVE_INFINITY;
        assert.ok(Number.isFinite(outcome.score) && isBound, text.slice(0, 200));
        assert.match(outcome.action ?? "", /^[\x20-\x7e]*$/);
        for (const { name, score = 0 } of outcome.tests) assert.ok(/^[\w.:-]+$/.test(name) && Number.isFinite(score));
      }
    }),
    { seed, numRuns: 2000 },
  );
});

/** What a scanner does on one connection. */
interface Behaviour {
  /** Octets of the request after which it begins; "whole": once the request is there. */
  readonly after: number | "whole";
  readonly pieces: readonly string[];
  readonly end: "close" | "reset" | "open";
}

interface Kind {
  readonly name: string;
  readonly valid: string;
  isWhole(request: string): boolean;
  /** Asks about one mail: "good" is what `valid` says. */
  ask(address: { readonly host: string; readonly port: number }, patienceMs: number): Promise<string>;
}

const place = { name: "x", connections: 1 };
const mailBody = "A line of a mail.\r\n".repeat(200);

const kinds: readonly Kind[] = [
  {
    name: "clamd",
    valid: "1: stream: OK\0",
    isWhole: (request) => request.endsWith("\0\0\0\0"),
    async ask(address, timeoutMs) {
      const client = createClamdClient({ ...place, address, timeoutMs }, { now });
      const outcome = await client.scan(memoryMail(mailBody), now() + 2 * timeoutMs);
      client.close();
      return "trouble" in outcome ? outcome.trouble : outcome.result === "clean" ? "good" : "bad";
    },
  },
  {
    name: "spamd",
    valid: spamdAnswer,
    isWhole: (request) => request.endsWith(mailBody),
    async ask(address, timeoutMs) {
      const client = createSpamdClient({ ...place, address, timeoutMs }, { now });
      const outcome = await client.score(spamQuestion({ message: memoryMail(mailBody) }), now() + 2 * timeoutMs);
      client.close();
      return "trouble" in outcome ? outcome.trouble : outcome.score === 7.5 ? "good" : "bad";
    },
  },
  {
    name: "rspamd",
    valid: httpAnswer(rspamdAnswer(7.5, { A: 7.5 })),
    isWhole: (request) => request.endsWith(mailBody),
    async ask(address, timeoutMs) {
      const client = createRspamdClient({ ...place, address, timeoutMs }, { now });
      const outcome = await client.score(spamQuestion({ message: memoryMail(mailBody) }), now() + 2 * timeoutMs);
      client.close();
      return "trouble" in outcome ? outcome.trouble : outcome.score === 7.5 ? "good" : "bad";
    },
  },
];

function httpAnswer(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function behaviours(valid: string): fc.Arbitrary<Behaviour> {
  const cut = (text: string) =>
    fc.array(fc.integer({ min: 1, max: Math.max(1, text.length) }), { maxLength: 4 }).map((places) => {
      const ends = [...new Set([...places, text.length])].sort((one, other) => one - other);
      return ends.map((end, index) => text.slice(index === 0 ? 0 : ends[index - 1], end));
    });
  const huge = fc
    .constantFrom("x", "\0", "\r\n", "SPAMD/1.1 0 EX_OK\r\n", "a: b\r\n")
    .map((unit) => unit.repeat(50_000));
  return fc.record({
    after: fc.oneof(fc.constant("whole" as const), fc.constantFrom(0, 1, 100, 2000)),
    pieces: fc.oneof(
      fc.constant([]),
      cut(valid),
      mutations(valid).chain(cut),
      huge.map((text) => [text]),
      huge.map((text) => [valid.slice(0, 20), text]),
    ),
    end: fc.constantFrom("close", "close", "reset", "open"),
  });
}

/** A scanner that behaves as the list says, connection by connection; sockets that are open are counted. */
async function startScanner(kind: Kind, list: readonly Behaviour[]) {
  const sockets = new Set<Socket>();
  let connection = 0;
  const server = createServer((socket) => {
    const behaviour = list[connection] ?? { after: "whole", pieces: [kind.valid], end: "open" };
    connection += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let request = "";
    let hasBegun = false;
    const look = async () => {
      const isTime = behaviour.after === "whole" ? kind.isWhole(request) : request.length >= behaviour.after;
      if (hasBegun || !isTime) return;
      hasBegun = true;
      for (const piece of behaviour.pieces) {
        socket.write(piece, "latin1");
        await new Promise(setImmediate);
      }
      if (behaviour.end === "close") socket.end();
      if (behaviour.end === "reset") socket.resetAndDestroy();
    };
    socket.on("data", (octets: Buffer) => {
      request += octets.toString("latin1");
      void look();
    });
    void look();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  assert.ok(typeof bound === "object" && bound !== null);
  return {
    address: { host: "127.0.0.1", port: bound.port },
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

for (const kind of kinds) {
  test(`${kind.name}: garbage, halves, floods, silence and ends at any time: a clear answer or none`, async () => {
    const list = fc.sample(behaviours(kind.valid), { seed, numRuns: 200 });
    const outcomes = new Map<string, number>();
    await Promise.all(
      list.map(async (behaviour) => {
        const scanner = await startScanner(kind, [behaviour]);
        const said = behaviour.pieces.join("");
        const isClear = behaviour.after === "whole" && said === kind.valid && behaviour.end !== "reset";
        // A scanner that leaves the connection open may stay silent: that is waited for, but not for long.
        const isSilent = behaviour.end === "open" && !isClear;
        const outcome = await kind.ask(scanner.address, isSilent ? 150 : 30_000);
        while (scanner.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        await scanner.close();
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        // Before the mail is there nobody can know what it is; behind a whole answer HTTP may have more.
        const mayBeGood = said.startsWith(kind.valid.slice(0, -1)) || isSameToItsReader(kind, said);
        if (outcome === "good") assert.ok(mayBeGood, JSON.stringify([behaviour, outcome]).slice(0, 600));
        if (isClear) assert.equal(outcome, "good");
      }),
    );
    for (const wanted of ["good", "closed", "garbage", "timeout"]) assert.ok(outcomes.has(wanted), wanted);
  });
}

/** A changed octet may be one that means nothing: in a name of a test, in white space, in another field. */
function isSameToItsReader({ name }: Kind, said: string): boolean {
  return name !== "clamd" && said.includes("7.5");
}

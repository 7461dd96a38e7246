// The bench's next hop counts what it is given, by DATA and by BDAT, however it arrives.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { type Sink, startSink } from "../../../../bench/load/sink.ts";

/** Says it in pieces, each in a read of its own, and gives all that came back. */
async function say(sink: Sink, pieces: readonly string[]): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port: sink.port, noDelay: true });
  let text = "";
  socket.on("data", (octets) => {
    text += octets.toString("latin1");
  });
  const closed = once(socket, "close");
  await once(socket, "data");
  for (const piece of [...pieces, "QUIT\r\n"]) {
    await new Promise<void>((resolve) => socket.write(piece, "latin1", () => setImmediate(resolve)));
  }
  await closed;
  return text;
}

const envelope = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n";
const dialogs: readonly [string, string, string][] = [
  ["by DATA", `${envelope}DATA\r\na\r\n..b\r\n.\r\n`, "a\r\n..b\r\n.\r\n"],
  ["by BDAT", `${envelope}BDAT 10 LAST\r\na\r\n.\r\n.b\r\n`, "a\r\n.\r\n.b\r\n"],
  ["in two chunks", `${envelope}BDAT 3\r\na\r\nBDAT 3 LAST\r\nb\r\n`, "a\r\nb\r\n"],
  ["with an empty last chunk", `${envelope}BDAT 3\r\na\r\nBDAT 0 LAST\r\n`, "a\r\n"],
];

for (const [how, text, content] of dialogs) {
  test(`takes mail ${how}, whole and octet by octet`, async (t) => {
    const sink = await startSink();
    t.after(() => sink.close());
    sink.keep = true;
    for (const pieces of [[text], text.split(""), [`${text}${text}`]]) {
      const before = sink.counts();
      const mails = pieces[0] === text + text ? 2 : 1;
      const replies = await say(sink, pieces);
      assert.equal(replies.match(/^250 2\.0\.0 Ok: queued as SINK\r$/gm)?.length, mails, replies);
      const { messages, bytes } = sink.counts();
      assert.deepEqual([messages - before.messages, bytes - before.bytes], [mails, mails * content.length]);
      assert.equal(sink.last?.toString("latin1"), content);
    }
  });
}

for (const chunking of [true, false]) {
  test(`${chunking ? "offers" : "does not offer"} CHUNKING when it is ${chunking ? "not told otherwise" : "told so"}`, async (t) => {
    const sink = await startSink(chunking ? {} : { chunking });
    t.after(() => sink.close());
    assert.equal((await say(sink, ["EHLO a\r\n"])).includes("CHUNKING\r\n"), chunking);
  });
}

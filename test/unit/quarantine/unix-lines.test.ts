// CRLF to LF and back, whatever way the octets are cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unixLines, withCrlf } from "../../../src/quarantine/unix-lines.ts";

async function unix(chunks: readonly string[]): Promise<string> {
  const found: Uint8Array[] = [];
  for await (const chunk of unixLines(given(chunks))) found.push(chunk);
  return Buffer.concat(found).toString("latin1");
}

async function* given(chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk, "latin1");
}

const texts: readonly (readonly [wire: string, file: string])[] = [
  ["", ""],
  ["a\r\nb\r\n\r\n", "a\nb\n\n"],
  ["a\r\r\nb", "a\r\nb"],
  ["a\rb\r", "a\rb\r"],
  ["\r\n", "\n"],
  ["\xe9\0\r\n", "\xe9\0\n"],
];

for (const [wire, file] of texts) {
  test(`${JSON.stringify(wire)} is ${JSON.stringify(file)} in a file, and comes out as it went in`, async () => {
    assert.equal(await unix([wire]), file);
    assert.equal(await unix([...wire]), file);
    for (let at = 0; at <= wire.length; at += 1) assert.equal(await unix([wire.slice(0, at), wire.slice(at)]), file);
    assert.equal(withCrlf(Buffer.from(file, "latin1")).toString("latin1"), wire);
  });
}

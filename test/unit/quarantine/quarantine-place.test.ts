// The folders of the quarantine, and where its index is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { quarantinePlace } from "../../../src/quarantine/quarantine-place.ts";

function place(
  QUARANTINEDIR: string | null,
  aliases: Readonly<Record<string, unknown>> = {},
  index: string | null = null,
) {
  return quarantinePlace({ QUARANTINEDIR, quarantine: { index }, base: { local_delivery_aliases: aliases } }, "if-new");
}

test("QUARANTINEDIR with its index in it, or where it is said to be", () => {
  assert.deepEqual(place("/q"), { file: "/q/.index.sqlite", folders: ["/q"], scan: "if-new" });
  assert.deepEqual(place("/q", {}, "/var/i"), { file: "/var/i", folders: ["/q"], scan: "if-new" });
});

test("folders of aliases, each once; what is no folder is none", () => {
  const aliases = { a: "/a", b: ["/b", "x-%m"], c: "/q", d: null, e: "/dev/null", f: 7, g: [] };
  assert.deepEqual(place("/q", aliases)?.folders, ["/q", "/a", "/b"]);
  assert.deepEqual(place(null, aliases)?.file, "/a/.index.sqlite");
});

test("without any folder there is no index", () => assert.equal(place(null), undefined));

import assert from "node:assert/strict";
import { test } from "node:test";
import { undoArguments } from "../../../src/cli/postfix-undo.ts";

const parameter = { kind: "parameter", name: "content_filter", value: "x:[127.0.0.1]:1" } as const;
const service = { kind: "service", id: "x/unix", fields: "- - n - 20 smtp", options: [] } as const;
const option = { kind: "option", id: "smtp/inet", name: "content_filter", value: "" } as const;

for (const [change, old, wanted] of [
  [parameter, null, ["-X", "content_filter"]],
  [parameter, "", ["-e", "content_filter = "]],
  [parameter, "scan:[::1]:9", ["-e", "content_filter = scan:[::1]:9"]],
  [service, null, ["-MX", "x/unix"]],
  [service, "x unix - - y - 2 smtp -o a=b", ["-M", "x/unix=x unix - - y - 2 smtp -o a=b"]],
  [option, null, ["-PX", "smtp/inet/content_filter"]],
  [option, "y", ["-P", "smtp/inet/content_filter=y"]],
] as const) {
  test(`a ${change.kind} that was ${JSON.stringify(old)} is put back by postconf ${wanted.join(" ")}`, () => {
    assert.deepEqual(undoArguments(change, old), wanted);
  });
}

// Which secret a release shows: that of the copy which the daemon goes by.
import assert from "node:assert/strict";
import { test } from "node:test";
import { releasesOf } from "../../../src/cli/quarantine-release.ts";
import { quarantineRow } from "../../support/quarantine.ts";

test("each mail once, with the secret of its first copy in quarantine", () => {
  const rows = [
    quarantineRow("m1", { purpose: "archive", secretId: "a" }),
    quarantineRow("m1", { name: "banned-m1", secretId: "b" }),
    quarantineRow("m1", { name: "virus-m1", secretId: "c" }),
    quarantineRow("m2", { purpose: "archive", secretId: "d" }),
  ];
  assert.deepEqual(releasesOf(rows), [
    { id: "m1", secretId: "b" },
    { id: "m2", secretId: "d" },
  ]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { absoluteFiles } from "../../../src/config/file-names.ts";

/** What a configuration in /etc/signpost makes of each. */
const cases: readonly (readonly [name: string, given: unknown, whole: unknown])[] = [
  ["pid_file", "run.pid", "/etc/signpost/run.pid"],
  ["pid_file", "/run/run.pid", "/run/run.pid"],
  ["pid_file", null, null],
  ["unix_socketname", ["a.sock", "/b.sock"], ["/etc/signpost/a.sock", "/b.sock"]],
  ["dkim_keys", [{ selector: "a", file: "a.pem" }], [{ selector: "a", file: "/etc/signpost/a.pem" }]],
  ["dkim_keytable", "refile:KeyTable", "refile:/etc/signpost/KeyTable"],
  ["dkim_keytable", "KeyTable", "/etc/signpost/KeyTable"],
  ["history", { size: 5, file: "h.sqlite" }, { size: 5, file: "/etc/signpost/h.sqlite" }],
  ["log", { to: "logs/mail.log" }, { to: "/etc/signpost/logs/mail.log" }],
  ["log", { to: "syslog" }, { to: "syslog" }],
  ["log", { to: "syslog:/run/log.sock" }, { to: "syslog:/run/log.sock" }],
  // Tables of maps, wherever they stand; other texts there are addresses.
  [
    "spam_lovers_maps",
    [{ file: "lovers" }, ["a/b@example.com"]],
    [{ file: "/etc/signpost/lovers" }, ["a/b@example.com"]],
  ],
  // Text, although it looks like one.
  ["smtpd_quit_banner", "a/b", "a/b"],
];

for (const [name, given, whole] of cases) {
  test(`${name}: ${JSON.stringify(given)}`, () => {
    assert.deepEqual(
      absoluteFiles({ [name]: given }, () => "/etc/signpost"),
      { [name]: whole },
    );
  });
}

test("the folder is asked for by the place of the name", () => {
  const asked: string[] = [];
  absoluteFiles({ dkim_keys: [{ selector: "x", file: "a" }], history: { size: 1, file: "b" } }, (path) => {
    asked.push(path.join("."));
    return "/";
  });
  assert.deepEqual(asked, ["dkim_keys.0.file", "history.file"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Login } from "../../../src/receive/login.ts";
import type { ListenerLogin, ListenerOptions } from "../../../src/receive/options.ts";
import { dialogWith } from "../../support/receive-defaults.ts";

const login: ListenerLogin = {
  mechanisms: ["PLAIN", "LOGIN", "CRAM-MD5"],
  credentials: { user: "mta", password: "secret" },
  required: true,
};
const plain = Buffer.from("\0mta\0secret").toString("base64");
const wrong = Buffer.from("\0mta\0guess").toString("base64");

for (const [address, isSecured, offered] of [
  ["127.0.0.1", false, login.mechanisms],
  ["::1", false, login.mechanisms],
  ["", false, login.mechanisms],
  ["192.0.2.1", false, ["CRAM-MD5"]],
  ["192.0.2.1", true, login.mechanisms],
] as const) {
  test(`a peer at "${address}" ${isSecured ? "under TLS" : "without TLS"} may use ${offered.join(", ")}`, () => {
    assert.deepEqual(new Login(address, "1-1").offered(login, isSecured), offered);
  });
}

/** Each line with the code, and the enhanced one, that it gets. */
const dialogs: readonly (readonly [string, Partial<ListenerOptions>, readonly (readonly [string, string])[]])[] = [
  [
    "no mail before a login",
    { login },
    [
      ["EHLO x", "250"],
      ["MAIL FROM:<a@b>", "451 4.7.0"],
      ["XFORWARD NAME=x", "451 4.7.0"],
      ["NOOP", "250 2.0.0"],
      [`AUTH PLAIN ${wrong}`, "535 5.7.8"],
      ["MAIL FROM:<a@b>", "451 4.7.0"],
      [`AUTH PLAIN ${plain}`, "235 2.7.0"],
      ["AUTH PLAIN", "503 5.5.1"],
      ["MAIL FROM:<a@b>", "250 2.1.0"],
    ],
  ],
  [
    "a login that may be, in steps, given up, of another kind",
    { login: { ...login, required: false } },
    [
      ["AUTH PLAIN", "503 5.5.1"],
      ["EHLO x", "250"],
      ["AUTH", "501 5.5.4"],
      ["AUTH GSSAPI", "504 5.5.4"],
      ["AUTH PLAIN", "334"],
      ["*", "501 5.7.0"],
      ["AUTH PLAIN", "334"],
      ["QUIT", "501 5.5.2"],
      ["auth login", "334"],
      [Buffer.from("mta").toString("base64"), "334"],
      [Buffer.from("secret").toString("base64"), "235 2.7.0"],
      ["MAIL FROM:<a@b> AUTH=<>", "250 2.1.0"],
    ],
  ],
  [
    "nothing where AUTH is not offered",
    {},
    [
      ["EHLO x", "250"],
      ["AUTH PLAIN", "500 5.5.2"],
    ],
  ],
];

for (const [title, options, steps] of dialogs) {
  test(`AUTH: ${title}`, () => {
    const under = dialogWith(options);
    const codes = steps.map(([line, code]) => {
      const text = under.command(line).text;
      return [line, text.slice(0, code.length)];
    });
    assert.deepEqual(codes, steps);
  });
}

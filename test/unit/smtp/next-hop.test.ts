import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatNextHop,
  type NextHop,
  type NextHopTemplate,
  orderNextHops,
  parseMethod,
  resolveNextHop,
} from "../../../src/smtp/next-hop.ts";

const methods: readonly [string, NextHopTemplate][] = [
  ["smtp:[127.0.0.1]:10025", { protocol: "smtp", host: "127.0.0.1", port: 10025 }],
  ["smtp:127.0.0.1:10025", { protocol: "smtp", host: "127.0.0.1", port: 10025 }],
  ["smtp:mail.example.com:25", { protocol: "smtp", host: "mail.example.com", port: 25 }],
  ["SMTP:[::1]:10025", { protocol: "smtp", host: "::1", port: 10025 }],
  ["smtp:[IPv6:2001:db8::1]:25", { protocol: "smtp", host: "2001:db8::1", port: 25 }],
  ["lmtp:[127.0.0.1]:24", { protocol: "lmtp", host: "127.0.0.1", port: 24 }],
  ["lmtp:/run/dovecot/lmtp", { protocol: "lmtp", path: "/run/dovecot/lmtp" }],
  ["lmtp:unix:/run/dovecot/lmtp", { protocol: "lmtp", path: "/run/dovecot/lmtp" }],
  ["smtp:/run/sock", { protocol: "smtp", path: "/run/sock" }],
  ["smtp:*:*", { protocol: "smtp", host: "*", port: "*" }],
  ["smtp:[*]:*", { protocol: "smtp", host: "*", port: "*" }],
  ["smtp:*:10025", { protocol: "smtp", host: "*", port: 10025 }],
  ["smtp:[127.0.0.1]:*", { protocol: "smtp", host: "127.0.0.1", port: "*" }],
];

for (const [text, template] of methods) {
  test(`reads ${text}`, () => assert.deepEqual(parseMethod(text), { template }));
}

const wrong: readonly [string, RegExp][] = [
  ["", /expected smtp:/],
  ["127.0.0.1", /expected smtp:/],
  ["pipe:flags=q argv=/usr/sbin/sendmail", /unknown method "pipe"/],
  ["smtp:[127.0.0.1]", /port is missing/],
  ["smtp:[127.0.0.1]:", /port is missing/],
  ["smtp:[127.0.0.1]:0", /port from 1 to 65535/],
  ["smtp:[127.0.0.1]:65536", /port from 1 to 65535/],
  ["smtp:[127.0.0.1]:25x", /found "25x"/],
  ["smtp:[]:25", /host is missing/],
  ["smtp::25", /host is missing/],
  ["smtp:2001:db8::1:25", /found "db8::1:25"/],
  ["smtp:[127.0.0.1:25", /brackets/],
  ["smtp:-a.example:25", /no host name/],
  ["smtp:a b:25", /no host name/],
];

for (const [text, problem] of wrong) {
  test(`refuses "${text}" and says why`, () => {
    const parsed = parseMethod(text);
    assert.match("problem" in parsed ? parsed.problem : "taken", problem);
  });
}

const viaTcp = {
  listener: { address: "127.0.0.1", port: 10024 },
  peer: { address: "192.0.2.7", port: 40000 },
};

test("fills in the connecting peer and the port the mail came in on, plus 1", () => {
  const resolved = resolveNextHop({ protocol: "smtp", host: "*", port: "*" }, viaTcp);
  assert.deepEqual(resolved, { protocol: "smtp", host: "192.0.2.7", port: 10025 });
});

test("fills in a peer that a dual-stack socket shows as a mapped address", () => {
  const session = { ...viaTcp, peer: { address: "::ffff:127.0.0.1", port: 40000 } };
  const resolved = resolveNextHop({ protocol: "smtp", host: "*", port: 26 }, session);
  assert.deepEqual(resolved, { protocol: "smtp", host: "127.0.0.1", port: 26 });
});

test("leaves a template without * as it is", () => {
  const hop: NextHop = { protocol: "lmtp", path: "/run/lmtp" };
  assert.deepEqual(resolveNextHop(hop, viaTcp), hop);
});

test("has no answer where the mail came by a unix socket", () => {
  const session = { listener: { address: "", port: 0, path: "/run/in" }, peer: { address: "", port: 0 } };
  assert.equal(resolveNextHop({ protocol: "smtp", host: "*", port: 25 }, session), undefined);
  assert.equal(resolveNextHop({ protocol: "smtp", host: "127.0.0.1", port: "*" }, session), undefined);
});

test("prints a next hop as a method that reads back the same", () => {
  for (const [, template] of methods) assert.deepEqual(parseMethod(formatNextHop(template)), { template });
  assert.equal(formatNextHop({ protocol: "smtp", host: "::1", port: 25 }), "smtp:[::1]:25");
});

test("starts with the next hop that chance picks and keeps the others for fail-over", () => {
  assert.deepEqual(orderNextHops(["a", "b", "c"], 0), ["a", "b", "c"]);
  assert.deepEqual(orderNextHops(["a", "b", "c"], 0.5), ["b", "c", "a"]);
  assert.deepEqual(orderNextHops(["a", "b", "c"], 0.999), ["c", "a", "b"]);
  assert.deepEqual(orderNextHops([], 0.5), []);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseServerUrl, placeText } from "../../../src/settings/server-url.ts";

const tcp = (host: string, port = 6379, isTls = false) => ({ host, port, isTls });

for (const [text, wanted, shown] of [
  ["redis://127.0.0.1", { at: tcp("127.0.0.1"), database: 0 }, "redis://127.0.0.1:6379"],
  ["redis://cache.example:6380/3", { at: tcp("cache.example", 6380), database: 3 }, "redis://cache.example:6380/3"],
  ["redis://[::1]:6380/", { at: tcp("::1", 6380), database: 0 }, "redis://[::1]:6380"],
  ["rediss://h", { at: tcp("h", 6379, true), database: 0 }, "rediss://h:6379"],
  ["redis://:p%40ss@h", { at: tcp("h"), database: 0, password: "p@ss" }, "redis://h:6379"],
  ["redis://u:p@h", { at: tcp("h"), database: 0, username: "u", password: "p" }, "redis://h:6379"],
  ["/run/redis/redis.sock", { at: { path: "/run/redis/redis.sock" }, database: 0 }, "unix:///run/redis/redis.sock"],
  [
    "unix:///run/redis.sock?db=2&password=p%26s",
    { at: { path: "/run/redis.sock" }, database: 2, password: "p&s" },
    "unix:///run/redis.sock?db=2",
  ],
] as const) {
  test(`${text} is understood, and shown without its password`, () => {
    const place = parseServerUrl(text);
    assert.deepEqual(place, wanted);
    assert.equal(place && placeText(place), shown);
  });
}

for (const text of [
  "",
  "127.0.0.1:6379",
  "http://127.0.0.1",
  "redis://",
  "redis:///1",
  "redis://h/x",
  "redis://h:99999",
  "redis://h?db=1",
  "redis://h#1",
  "redis://%zz@h",
  "unix://host/path",
  "unix:///",
  "unix:///path?retries=3",
]) {
  test(`${text || "nothing"} is no place of a server`, () => {
    assert.equal(parseServerUrl(text), undefined);
  });
}

import assert from "node:assert/strict";
import { isOurHost } from "../../../src/http/endpoint.ts";
import { test } from "../../support/limited.ts";

const names = new Set(["mail.example.com"]);

const hosts: readonly (readonly [host: string | undefined, isOurs: boolean])[] = [
  [undefined, true],
  ["localhost", true],
  ["LocalHost:9925", true],
  ["127.0.0.1:9925", true],
  ["192.0.2.7", true],
  ["[::1]", true],
  ["[::1]:9925", true],
  ["mail.example.com", true],
  ["Mail.Example.com.:9925", true],
  ["", false],
  ["attacker.example", false],
  ["attacker.example:9925", false],
  ["127.0.0.1.attacker.example", false],
  ["localhost.attacker.example", false],
  ["mail.example.com@attacker.example", false],
  ["mail.example.com:x", false],
];

for (const [host, isOurs] of hosts) {
  test(`Host ${host} is ${isOurs ? "" : "not "}ours`, () => assert.equal(isOurHost(host, names), isOurs));
}

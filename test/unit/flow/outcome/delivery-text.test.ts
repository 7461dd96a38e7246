// A mail that was refused reads as refused, whoever did it, and the next step is named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DeliveredRecipient, deliveryLines } from "../../../../src/flow/outcome/delivery-text.ts";

const remote = "smtp:[127.0.0.1]:10025";
const base = { rule: undefined, remote, reply_of: undefined } as const;

const cases: readonly (readonly [string, DeliveredRecipient, readonly RegExp[]])[] = [
  [
    "delivered",
    { ...base, action: "accept", reply: "250 2.0.0 Ok", reply_of: "next-hop" },
    [/^delivered to smtp:\[127\.0\.0\.1\]:10025: 250 2\.0\.0 Ok$/],
  ],
  [
    "refused by the next hop",
    { ...base, action: "accept", reply: "550 5.1.1 no such user", reply_of: "next-hop" },
    [
      /^refused by smtp:\[127\.0\.0\.1\]:10025: 550 5\.1\.1 no such user$/,
      /words of the next hop/,
      /look at the log of that MTA/,
    ],
  ],
  [
    "put off by the next hop",
    { ...base, action: "accept", reply: "452 4.2.2 mailbox full", reply_of: "next-hop" },
    [/^put off by smtp:/, /words of the next hop/, /the client tries again/],
  ],
  [
    "the next hop is down",
    { ...base, action: "accept", reply: "450 4.4.1 Can't connect to smtp:[127.0.0.1]:10025: ECONNREFUSED" },
    [/^put off on the way to smtp:/, /cannot be connected to/, /Next: Start it, or correct forward_method/],
  ],
  [
    "refused by a rule",
    { ...base, action: "reject", rule: "loop", reply: "554 5.4.6 Too many hops" },
    [
      /^refused by rule loop: 554 5\.4\.6/,
      /more Received fields than limits\.received_fields/,
      /Next: Look for two hosts/,
    ],
  ],
  [
    "dropped by a rule",
    { ...base, action: "discard", rule: "banned", reply: "250 2.7.0 Ok, discarded" },
    [/^taken and dropped by rule banned: 250 2\.7\.0/, /banned name or type/, /Next: The rule is named/],
  ],
  [
    "put off by a rule",
    { ...base, action: "tempfail", rule: "key-unavailable", reply: "451 4.7.5 Signing key not available" },
    [/^put off by rule key-unavailable: 451 4\.7\.5/, /cannot be read/, /Next: Let the daemon's user read the file/],
  ],
];

for (const [name, recipient, lines] of cases) {
  test(`15: ${name}`, () => {
    const said = deliveryLines(recipient, "happened");
    assert.equal(said.length, lines.length);
    for (const [index, pattern] of lines.entries()) assert.match(said[index] ?? "", pattern);
  });
}

test("what would happen is said as that", () => {
  assert.deepEqual(deliveryLines({ ...base, action: "accept", reply: "250 2.0.0 Ok" }, "would-happen"), [
    `would go to ${remote}`,
  ]);
  const [first] = deliveryLines({ ...base, action: "reject", rule: "spam", reply: "554 5.7.0 Reject" }, "would-happen");
  assert.equal(first, "would be refused by rule spam: 554 5.7.0 Reject");
});

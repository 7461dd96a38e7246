import assert from "node:assert/strict";
import { test } from "node:test";
import { authorsFirst } from "../../../src/dkim/authors-first.ts";
import { splitHeader } from "../../../src/mail/header.ts";

function inTurn(from: string, signers: readonly string[]): string {
  const { fields } = splitHeader(Buffer.from(`From: ${from}\r\n`));
  const candidates = signers.map((domain) => {
    const [kind, name] = domain.startsWith("dk:")
      ? (["domainkeys", domain.slice(3)] as const)
      : (["dkim", domain] as const);
    return { kind, parsed: { signature: { domain: name } } };
  });
  return authorsFirst(candidates, fields)
    .map(({ parsed }) => parsed.signature.domain)
    .join(" ");
}

const a = "hop1.example.org";
const b = "hop2.example.org";

for (const [title, from, signers, wanted] of [
  ["the author's own", "a@x.example", [a, b, "x.example"], `x.example ${a} ${b}`],
  ["both of the author's", "a@x.example", [a, "x.example", b, "x.example"], `x.example x.example ${a} ${b}`],
  [
    "its own before those above and below",
    "a@m.x.example",
    [a, "x.example", "n.m.x.example", "m.x.example"],
    `m.x.example n.m.x.example x.example ${a}`,
  ],
  ["those of a neighbour", "a@m.x.example", [a, "n.x.example"], `n.x.example ${a}`],
  [
    "the nearer before the farther",
    "a@m.x.co.example",
    ["y.co.example", "n.x.co.example"],
    "n.x.co.example y.co.example",
  ],
  ["each author's", "a@x.example, b@y.example", [a, "x.example", b, "y.example"], `x.example y.example ${a} ${b}`],
  ["of a From that readers differ on, too", "<@z.example:a@x.example> b", [a, "x.example"], `x.example ${a}`],
  ["not those of the top level", "a@x.example", [a, "y.example"], `${a} y.example`],
  ["not DomainKeys, which never align", "a@x.example", [a, "dk:x.example"], `${a} x.example`],
  ["none where there is no author", "", [a, b], `${a} ${b}`],
] as const) {
  test(`signatures that could align with an author go first: ${title}`, () => {
    assert.equal(inTurn(from, signers), wanted);
  });
}

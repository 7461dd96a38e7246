// What a lookup in a large hash costs: for addresses never seen before (their keys are made anew) and for one that is
// asked about again. Prints CPU time per lookup, the best of some rounds; `node bench/micro/lookup/hash.ts`.
import { createMapCompiler } from "../../../src/lookup/map.ts";
import type { LookupMap, RawTable } from "../../../src/lookup/table.ts";
import { numberValue } from "../../../src/lookup/value.ts";

const entries = 100_000;
const rounds = 9;

const address = (id: number, user = "user") => `${user}${id}@host${id % 997}.example.com`;

function hash(key: (id: number) => string): RawTable {
  return Object.fromEntries(Array.from({ length: entries }, (_, id) => [key(id), id]));
}

/** Addresses only; and the same with users, domains and subdomains beside them, so that every key is looked for. */
const tables: Readonly<Record<string, RawTable>> = {
  addresses: hash((id) => address(id)),
  mixed: hash((id) => [address(id), `user${id}@`, `host${id}.example.net`, `.d${id}.example.net`][id % 4] ?? ""),
};

/** Every fourth of the mixed table's keys is an address. */
const questions: Readonly<Record<string, (id: number) => string>> = {
  found: (id) => address((id * 4) % entries),
  "found, in capitals": (id) => address((id * 4) % entries, "User"),
  "found by user+extension": (id) => address((id * 4) % entries).replace("@", "+list@"),
  "not found": (id) => address(id, "nobody"),
  "not found, with extension": (id) => address(id, "nobody").replace("@", "+list@"),
  "not found, in a deep subdomain": (id) => `nobody${id}@a.b.c.d.e.host${id}.example.com`,
};

const { compile } = createMapCompiler({ recipient_delimiter: "+", localpart_is_case_sensitive: false });
const context = { readFile: () => "", problem: () => {} };

for (const [name, table] of Object.entries(tables)) {
  const map = compile([table], numberValue, context);
  console.log(`${entries} entries, ${name}: µs of CPU for one lookup`);
  for (const [question, make] of Object.entries(questions)) {
    const asked = Array.from({ length: entries }, (_, id) => flat(make(id)));
    console.log(`  ${question.padEnd(32)} ${best(map, asked)}`);
  }
  const again = address(4);
  console.log(
    `  ${"found, asked before".padEnd(32)} ${best(
      map,
      Array.from({ length: entries }, () => again),
    )}`,
  );
}

/** As an address comes from a socket: one piece, not yet hashed. */
function flat(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function best(map: LookupMap<number>, asked: readonly string[]): string {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    // New strings each time: an engine remembers the hash of a string.
    const addresses = round === 0 ? asked : asked.map(flat);
    const before = process.cpuUsage();
    for (const each of addresses) map.first(each);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / addresses.length);
  }
  return least.toFixed(2);
}

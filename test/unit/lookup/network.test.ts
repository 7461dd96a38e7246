import assert from "node:assert/strict";
import { test } from "node:test";
import { compileNetworkList, compileNetworks, parseNetwork } from "../../../src/lookup/network.ts";
import { countWork } from "../../support/work.ts";
import { collectingContext } from "./compile.ts";

const lists: readonly {
  readonly title: string;
  readonly list: readonly string[];
  readonly in: readonly string[];
  readonly out: readonly string[];
}[] = [
  {
    title: "prefix lengths, masks and dotted prefixes mean the same",
    list: ["10.0.0.0/8", "172.16.0.0/255.240.0.0", "192.168.", "198.51.100"],
    in: ["10.255.0.1", "172.31.255.255", "192.168.3.4", "198.51.100.7"],
    out: ["11.0.0.1", "172.32.0.0", "192.169.0.0", "198.51.101.1", "::1", "fe80::1"],
  },
  {
    title: "host bits and missing octets are filled up",
    list: ["192.0.2.77/24", "10/8"],
    in: ["192.0.2.1", "10.9.9.9"],
    out: ["192.0.3.1"],
  },
  {
    title: "IPv6 with and without brackets",
    list: ["[fe80::]/10", "2001:db8::/32", "[::1]", "fc00::/7"],
    in: ["fe80::1", "febf::1%eth0", "[2001:db8:1::5]", "IPv6:2001:db8::1", "[IPv6:::1]", "fd00::1"],
    out: ["fec0::1", "2001:db9::1", "::2", "127.0.0.1"],
  },
  {
    title: "an IPv4 address written as IPv6 is that address",
    list: ["192.0.2.0/24"],
    in: ["::ffff:192.0.2.5", "::ffff:c000:205"],
    out: ["::192.0.2.5"],
  },
  {
    title: "an IPv6 network over the mapped range holds IPv4",
    list: ["[::ffff:192.0.2.0]/120", "[64:ff9b::]/96"],
    in: ["192.0.2.1"],
    out: ["192.0.3.1"],
  },
  {
    title: "all of IPv6 includes all of IPv4, but not the other way round",
    list: ["[::]/0"],
    in: ["192.0.2.1", "2001:db8::1"],
    out: ["nonsense", ""],
  },
  { title: "all of IPv4", list: ["0.0.0.0/0"], in: ["192.0.2.1"], out: ["2001:db8::1"] },
  { title: "the first match decides", list: ["!10.1.0.0/16", "10.0.0.0/8"], in: ["10.2.0.1"], out: ["10.1.2.3"] },
  {
    title: "an exception that comes late comes too late",
    list: ["10.0.0.0/8", "!10.1.0.0/16"],
    in: ["10.1.2.3"],
    out: [],
  },
  { title: "the unknown client is in 0.0.0.0/8 alone", list: ["0.0.0.0/8"], in: ["0.0.0.0"], out: ["127.0.0.1"] },
];

for (const { title, list, ...expected } of lists) {
  test(title, () => {
    const context = collectingContext();
    const networks = compileNetworkList(list, context);
    assert.deepEqual(context.problems, []);
    for (const address of expected.in) assert.equal(networks.contains(address)?.value, true, address);
    for (const address of expected.out) assert.notEqual(networks.contains(address)?.value, true, address);
  });
}

test("a match tells the element and its place", () => {
  const networks = compileNetworkList(["!10.1.0.0/16", "10."], collectingContext());
  assert.deepEqual(networks.contains("10.1.0.1"), { value: false, key: "!10.1.0.0/16", origin: "0" });
  assert.deepEqual(networks.contains("10.2.0.1"), { value: true, key: "10.", origin: "1" });
  assert.equal(networks.contains("192.0.2.1"), undefined);
});

test("of several tables the first that yields a value decides; a hash goes by its longest prefix", () => {
  const context = collectingContext({ "/nets": "192.0.2.128/25 0\n192.0.2.0/24 OK\n" });
  const networks = compileNetworks(
    [
      ["!10.1."],
      { "10": true, "10.1.2": null, "10.1.2.3": false },
      { file: "/nets" },
      { regexp: [["^203\\.", true]] },
      null,
    ],
    context,
  );
  assert.deepEqual(context.problems, []);
  const value = (address: string) => networks.contains(address)?.value;
  assert.equal(value("10.1.9.9"), false);
  assert.equal(value("10.9.9.9"), true);
  assert.equal(value("192.0.2.1"), true);
  assert.equal(value("192.0.2.200"), false);
  assert.equal(networks.contains("192.0.2.200")?.origin, "/nets:1");
  assert.equal(value("203.0.113.1"), true);
  assert.equal(value("198.51.100.1"), undefined);
});

test("an empty map and an empty list hold nothing", () => {
  assert.equal(compileNetworks([], collectingContext()).contains("10.0.0.1"), undefined);
  assert.equal(compileNetworks([[]], collectingContext()).contains("10.0.0.1"), undefined);
});

test("a network given as a constant is an error that says what is missing", () => {
  const context = collectingContext();
  compileNetworks(["10.0.0.0/8"], context);
  assert.match(context.problems[0]?.message ?? "", /brackets/);
});

for (const bad of [
  "",
  "x",
  "256.0.0.1",
  "1.2.3.4.5",
  "10.0.0.0/33",
  "10.0.0.0/255.0.255.0",
  "[fe80::]/129",
  "fe80::1::2",
  "10.0.0.0/",
  "example.com",
]) {
  test(`refuses ${JSON.stringify(bad)} as a network`, () => assert.equal(parseNetwork(bad), undefined));
}

test("a list of 40,000 networks is made in linear time and searched like a short one", () => {
  const list = Array.from({ length: 40_000 }, (_, i) => `!10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  const make = (length: number) => compileNetworkList([...list.slice(0, length), "10."], collectingContext());
  assert.ok(countWork(() => make(20_000)) <= 2.2 * countWork(() => make(10_000)));
  const [short, long] = [make(100), make(40_000)];
  assert.equal(long.contains("10.0.99.3")?.value, false);
  assert.equal(long.contains("10.99.2.3")?.value, true);
  const search = (networks: typeof long) => countWork(() => networks.contains("10.0.99.3"));
  assert.ok(search(long) <= 2 * search(short));
});

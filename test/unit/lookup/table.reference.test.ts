// The compiled tables against plain readings of the rules: slow, obvious, element by element.
import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { compileNetworkList } from "../../../src/lookup/network.ts";
import { collectingContext, compileAny, type plainSettings } from "./compile.ts";

const label = fc.constantFrom("a", "B", "ex", "com", "Sub");
const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const local = fc.constantFrom("joe", "Joe", "JOE+x", "joe+y+z", "+q", "postmaster", "owner-l", "a-b");
const address = fc.oneof(
  fc.constant(""),
  local,
  fc.tuple(local, domain).map((parts) => parts.join("@")),
);
const key = fc.oneof(
  fc.constantFrom("", "@", "."),
  domain,
  domain.map((name) => `.${name}`),
  local.map((name) => `${name}@`),
  fc.tuple(local, domain).map((parts) => parts.join("@")),
);
const settings = fc.record({
  recipient_delimiter: fc.constantFrom(null, "+", "-", "+-"),
  localpart_is_case_sensitive: fc.boolean(),
});

/** The keys of amavis.md 3.2, spelled out. */
function keysOf(
  text: string,
  { recipient_delimiter: delimiter, localpart_is_case_sensitive: cased }: typeof plainSettings,
): string[] {
  if (text === "") return ["", "@", "."];
  const [name = "", host = ""] = text.split("@");
  const fold = cased ? name : name.toLowerCase();
  const at = host === "" ? "" : `@${host.toLowerCase()}`;
  const keys = [name + at, fold + at];
  const split = delimiter === null ? null : new RegExp(`^(.+?)([${delimiter.replace("-", "\\-")}].*)$`).exec(fold);
  const whole =
    /^(postmaster|mailer-daemon|double-bounce)$/i.test(fold) ||
    (delimiter?.includes("-") === true && /^owner-.|.-request$/i.test(fold));
  const user = split === null || whole ? fold : (split[1] ?? "");
  if (user !== fold) keys.push(user + at, `${fold}@`);
  keys.push(`${user}@`);
  if (host !== "") {
    const labels = host.toLowerCase().split(".");
    keys.push(labels.join("."), ...labels.map((_, i) => `.${labels.slice(i).join(".")}`));
  }
  return [...keys, "."];
}

/** A key as it is found: its domain folded, its local part where case does not count. */
function folded(text: string, cased: boolean): string {
  const at = text.lastIndexOf("@");
  return (cased ? text.slice(0, at + 1) : text.slice(0, at + 1).toLowerCase()) + text.slice(at + 1).toLowerCase();
}

test("a hash finds what the sequence of keys finds", () => {
  fc.assert(
    fc.property(address, fc.uniqueArray(key, { maxLength: 8 }), settings, (text, keys, lookup) => {
      const { map } = compileAny([Object.fromEntries(keys.map((name, index) => [name, index + 1]))], lookup);
      const exact = new Map(keys.map((name, index) => [name, index + 1]));
      const byFold = new Map<string, number>();
      for (const [name, value] of exact) {
        const form = folded(name, lookup.localpart_is_case_sensitive);
        if (!byFold.has(form)) byFold.set(form, value);
      }
      const find = (name: string) => exact.get(name) ?? byFold.get(name);
      const expected = keysOf(text, lookup)
        .map(find)
        .find((value) => value !== undefined);
      assert.equal(map.first(text)?.value, expected);
      const all = [...new Set(keysOf(text, lookup))].map(find).filter((value) => value !== undefined);
      assert.deepEqual(
        map.all(text).map(({ value }) => value),
        all,
      );
    }),
    { numRuns: 2000 },
  );
});

test("an access list finds what going through it element by element finds", () => {
  const element = fc.tuple(fc.constantFrom("", "!", "!!"), key).map((parts) => parts.join(""));
  const fits = (bare: string, text: string, cased: boolean): boolean => {
    const form = folded(bare, cased);
    if (form === ".") return true;
    if (text === "") return form === "" || form === "@";
    const host = text.includes("@") ? text.slice(text.indexOf("@") + 1).toLowerCase() : undefined;
    if (host === undefined) return form === (cased ? text : text.toLowerCase());
    if (form.includes("@")) return form === folded(text, cased);
    return form.startsWith(".") ? `.${host}`.endsWith(form) : form === host;
  };
  fc.assert(
    fc.property(address, fc.array(element, { maxLength: 8 }), settings, (text, list, lookup) => {
      const { map } = compileAny([list], lookup);
      const expected = list.find((each) => fits(each.replace(/^!+/, ""), text, lookup.localpart_is_case_sensitive));
      assert.equal(map.first(text)?.key, expected);
      if (expected !== undefined) assert.equal(map.first(text)?.value, /^(!!)*[^!]*$/.test(expected) ? 1 : 0);
    }),
    { numRuns: 2000 },
  );
});

test("a list of networks finds what net.BlockList finds network by network", () => {
  const v4 = fc
    .tuple(fc.constantFrom(10, 192, 0), fc.constantFrom(0, 1, 168), fc.constantFrom(0, 5), fc.nat(255))
    .map((octets) => octets.join("."));
  const v6 = fc
    .tuple(fc.constantFrom("fe80", "2001:db8", "0"), fc.constantFrom("1", "ffff", "0"), fc.nat(0xffff))
    .map(([a, b, c]) => `${a}::${b}:${c.toString(16)}`);
  const network = fc.oneof(
    fc
      .tuple(v4, fc.integer({ min: 0, max: 32 }))
      .map(([ip, bits]) => ({ ip, bits, family: "ipv4" as const, text: `${ip}/${bits}` })),
    fc
      .tuple(v6, fc.integer({ min: 1, max: 128 }))
      .map(([ip, bits]) => ({ ip, bits, family: "ipv6" as const, text: `[${ip}]/${bits}` })),
  );
  fc.assert(
    fc.property(fc.array(network, { maxLength: 6 }), fc.oneof(v4, v6), (networks, ip) => {
      const list = compileNetworkList(
        networks.map(({ text }) => text),
        collectingContext(),
      );
      const family = ip.includes(":") ? "ipv6" : "ipv4";
      const expected = networks.find(({ ip: base, bits, family: of }) => {
        if (of !== family) return false;
        const block = new BlockList();
        block.addSubnet(base, bits, of);
        return block.check(ip, family);
      });
      const found = list.contains(ip);
      // Wide IPv6 networks hold all of IPv4 here, which BlockList does not say.
      if (family === "ipv4" && networks.some(({ family: of, bits }) => of === "ipv6" && bits <= 96)) return;
      assert.equal(found?.key, expected?.text);
    }),
    { numRuns: 2000 },
  );
});

test("no address makes a lookup throw", () => {
  const { map } = compileAny([{ ".": "$1$2$3$4$5", "a@": null }, ["."], { regexp: [["(.*)@(.*)", "$2"]] }], {
    recipient_delimiter: "+",
  });
  const octet = fc.constantFrom(
    '"',
    "\\",
    "@",
    ".",
    "+",
    "a",
    "[",
    "]",
    "\0",
    "\xff",
    "\xc3\xbc",
    " ",
    "\r",
    "/",
    "$1",
    "__proto__",
  );
  fc.assert(
    fc.property(
      fc.array(octet, { maxLength: 40 }).map((octets) => octets.join("")),
      (text) => {
        assert.notEqual(map.first(text), undefined);
        assert.ok(map.all(text, "/@a.example").length >= 0);
      },
    ),
    { numRuns: 2000 },
  );
});

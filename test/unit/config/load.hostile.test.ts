// Configuration files made to hurt: each ends in an error, and none makes reading it throw or hang.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { loadConfig } from "../../../src/config/load.ts";

function load(text: string) {
  return loadConfig("/c.yaml", { files: { read: () => text, glob: () => [] }, hostname: "h.example", cwd: "/" });
}

const hostile: Readonly<Record<string, string>> = {
  "ten megabytes": `# ${"x".repeat(10 * 1024 ** 2)}`,
  "a million comments": "# x\n".repeat(1_000_000),
  "a million blank lines": "\n".repeat(1_000_000),
  "a million entries": `a: [${"x,".repeat(1_000_000)}]`,
  "a million list items": `a:\n${"  - x\n".repeat(1_000_000)}`,
  "a million brackets": `a: ${"[".repeat(1_000_000)}`,
  "a million braces": `a: ${"{a: ".repeat(250_000)}`,
  "a list in a list in a list": `a: 1\n${"- ".repeat(500_000)}`,
  "a key in a key in a key": "? ".repeat(500_000),
  "a mapping below a mapping": Array.from({ length: 1200 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
  "an unclosed quote": `a: "${"x".repeat(1024 ** 2)}`,
  "aliases of aliases": `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from(
    { length: 30 },
    (_, i) =>
      `b${i}: &b${i} [${Array(9)
        .fill(i === 0 ? "*a" : `*b${i - 1}`)
        .join(",")}]`,
  ).join("\n")}`,
  "an alias of itself": "policy_bank: &a { A: *a }\n",
  "a mapping as a name": "{ a: b }: c\n",
  "no text": "\u0000\u0001\u0002",
};

for (const [name, text] of Object.entries(hostile)) {
  test(`${name}: an error, not an accident`, async () => {
    const { config, problems } = await load(text);
    assert.equal(config, undefined);
    assert.ok(problems.some(({ severity, place }) => severity === "error" && place !== undefined));
  });
}

test("what is too long is told by its size, and where else to keep it", async () => {
  const { problems } = await load("# a comment\n".repeat(100_000));
  const [first, ...more] = problems;
  assert.match(first?.message ?? "", /^the configuration is longer than 60,000 lines and entries; .*dkim_key_dir/);
  assert.deepEqual(more, []);
});

test("the limit holds for all included files together", async () => {
  const part = `# ${"x".repeat(1024 ** 2)}\n`;
  const files = {
    read: (path: string) => (path === "/c.yaml" ? "include: /d/*.yaml\n" : part),
    glob: () => ["/d/1.yaml", "/d/2.yaml", "/d/3.yaml"],
  };
  const { config, problems } = await loadConfig("/c.yaml", { files, hostname: "h.example", cwd: "/" });
  assert.equal(config, undefined);
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error").map(({ place }) => place?.file),
    ["/d/2.yaml", "/d/3.yaml"],
  );
});

test("many settings in one mapping take linear time", async () => {
  const entries = Array.from({ length: 20_000 }, (_, i) => `    d${i}.example.com: true`).join("\n");
  const { config, problems } = await load(`local_domains_maps:\n  -\n${entries}\n`);
  assert.deepEqual(problems, []);
  assert.equal(Object.keys(config?.base.local_domains_maps[0] ?? {}).length, 20_000);
});

test("no text makes reading throw", async () => {
  const word = fc.constantFrom(
    ..."policy_bank: |include: |dkim_keys: |forward_method: |\n|  |- |[|]|{|}|, |: |\"|'|&a |*a |!x |null|true|10024|.example.com|regexp: |<<: |\t|#|%|?|---\n".split(
      "|",
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 40 }), async (words) => {
      const { config, problems } = await load(words.join(""));
      assert.ok(config !== undefined || problems.some(({ severity }) => severity === "error"));
    }),
    { numRuns: 300 },
  );
});

test("no value of any shape makes compiling throw", async () => {
  const names = ["policy_bank", "dkim_keys", "interface_policy", "client_ipaddr_policy", "local_domains_maps", "dns"];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), async (name, value) => {
      await load(JSON.stringify({ [name]: value }));
    }),
    { numRuns: 300 },
  );
});

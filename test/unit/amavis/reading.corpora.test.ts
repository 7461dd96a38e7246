// 39 configurations from real systems and documents: each variable holds what amavisd 2.13 itself took, or its line is
// reported. Runs where the corpora are (CORPORA, or ../shared/corpora beside the checkout).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readAmavisdConf } from "../../../src/amavis/read-conf.ts";
import { ConfReading } from "../../../src/amavis/reading.ts";
import type { Value } from "../../../src/amavis/values.ts";
import { disk, loadConfig } from "../../../src/config/load.ts";
import { isMapping } from "../../../src/lookup/value.ts";
import { corpus } from "../../support/corpora.ts";

const folder = corpus("amavisd-conf");
const options = { hostname: "host.example.com", environment: {} };

interface Expected {
  readonly scalars?: Readonly<Record<string, unknown>>;
  readonly arrays?: Readonly<Record<string, unknown>>;
  readonly hashes?: Readonly<Record<string, unknown>>;
  readonly policy_banks?: unknown;
  readonly dkim_keys?: unknown;
  readonly errors?: unknown;
}

/** A value as the corpus writes it: references followed, patterns in Perl's spelling. */
function plain(value: Value): unknown {
  if (value === undefined) return null;
  if (typeof value !== "object") return value;
  switch (value.kind) {
    case "scalar":
      return plain(value.box.value);
    case "array":
      return value.box.items.map((item) => plain(item.value));
    case "hash":
      // The base bank holds the variables themselves, which are compared by name.
      return Object.fromEntries(
        [...value.box.map].flatMap(([key, box]) => (key === "" ? [] : [[key, plain(box.value)]])),
      );
    case "pattern":
      return `REGEXP (?^${value.flags}:${value.source})`;
    case "table":
      return { object: "Amavis::Lookup::RE", value: value.rows.map((row) => plain(row.value)) };
    case "opaque":
      return plain(value.value);
    default:
      return value.kind;
  }
}

/** Perl does not tell 2 from "2". */
function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts);
  if (isMapping(value)) return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, asTexts(member)]));
  return typeof value === "number" ? String(value) : value;
}

function expectations(): Readonly<Record<string, Expected>> {
  const parsed: { readonly files: Readonly<Record<string, Expected>> } = JSON.parse(
    readFileSync(join(folder ?? "", "expected.json"), "utf8"),
  );
  return parsed.files;
}

function holds(reading: ConfReading, name: string): unknown {
  const bare = name.slice(1).replace(/ .*$/, "");
  const { variables } = reading;
  if (name.startsWith("$")) return plain(variables.scalar(bare).value);
  if (name.startsWith("@")) return plain({ kind: "array", box: variables.array(bare) });
  const box = variables.hash(bare);
  if (!name.endsWith("(changed)")) return plain({ kind: "hash", box });
  const changed = [...box.map].filter(([, element]) => element.origin !== undefined);
  return Object.fromEntries(changed.map(([key, element]) => [key, plain(element.value)]));
}

if (folder !== undefined) {
  for (const [name, expected] of Object.entries(expectations())) {
    const file = join(folder ?? "", `${name}.conf`);
    test(`${name}: every variable is what amavisd took`, () => {
      const reading = new ConfReading(disk, options);
      reading.readTop(file);
      const named = { ...expected.scalars, ...expected.arrays, ...expected.hashes };
      for (const [variable, value] of Object.entries(named)) {
        // Elements that were assigned their default count as changed here and not there.
        const got = asTexts(holds(reading, variable));
        if (variable.endsWith("(changed)") && isMapping(got) && isMapping(value)) {
          for (const key of Object.keys(value)) assert.deepEqual(got[key], asTexts(value[key]), `${variable}{${key}}`);
        } else assert.deepEqual(got, asTexts(value), variable);
      }
      // Where amavisd stopped at an error, only what stands before it can be compared.
      const stopped = expected.errors !== undefined;
      if (!stopped) assert.deepEqual(asTexts(holds(reading, "%policy_bank")), asTexts(expected.policy_banks ?? {}));
      const keys = reading.keys.map(({ value }) => {
        assert.ok(isMapping(value));
        const { domain, selector, file: key, ...tags } = value;
        return { domain, selector, key, ...(Object.keys(tags).length > 0 && { options: tags }) };
      });
      assert.deepEqual(asTexts(keys), asTexts(expected.dkim_keys ?? []));
      const errors = reading.problems.filter(({ severity }) => severity === "error");
      assert.equal(errors.length > 0, stopped, JSON.stringify(errors));
    });

    test(`${name}: settings agree with the variables, and each has its line`, async () => {
      const source = readAmavisdConf(file, disk, options);
      for (const setting of Object.keys(source.settings)) assert.ok((source.locate([setting])?.line ?? 0) > 0, setting);
      const told = source.problems.map(({ message }) => message).join("\n");
      for (const variable of Object.keys({ ...expected.scalars, ...expected.arrays, ...expected.hashes })) {
        const setting = variable.slice(1).replace(/ .*$/, "");
        const fromNetworks = setting === "client_ipaddr_policy" || setting === "mynetworks_maps";
        const known =
          setting in source.settings || told.includes(variable) || (fromNetworks && "mynetworks" in source.settings);
        assert.ok(known, `${variable} is neither set nor reported`);
      }
      if (expected.errors === undefined) {
        const banks = Object.keys(Object(source.settings["policy_bank"] ?? {}));
        assert.deepEqual(banks.sort(), Object.keys(Object(expected.policy_banks ?? {})).sort());
      }
      const loaded = await loadConfig(file, { fronts: { ".conf": () => source }, hostname: "host.example.com" });
      assert.equal(
        loaded.problems.filter(({ place, severity }) => severity === "error" && place === undefined).length,
        0,
      );
    });
  }
}

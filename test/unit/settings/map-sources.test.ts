import assert from "node:assert/strict";
import { test } from "node:test";
import { isMapShape } from "../../../src/settings/map-shape.ts";
import { feeders, feedersOf, madeMaps, madeOf } from "../../../src/settings/map-sources.ts";
import { settingNamed } from "../../../src/settings/registry.ts";

test("what is made of a setting is a map, and the setting exists", () => {
  assert.ok(madeMaps.length > 10);
  for (const [map, setting] of madeMaps) {
    const shape = settingNamed(map)?.shape;
    assert.ok(shape !== undefined && isMapShape(shape), map);
    assert.notEqual(settingNamed(setting), undefined, setting);
  }
});

test("where amavisd has the setting that a map is made of, its own map refers to it", () => {
  for (const [map, setting] of madeMaps) {
    const names = feedersOf(map);
    if (names.length > 0) assert.ok(names.includes(`$${setting}`) || names.includes(`@${setting}`), map);
  }
});

test("a map names its setting and amavisd's variables; another setting has neither", () => {
  assert.equal(madeOf("virus_admin_maps"), "virus_admin");
  assert.deepEqual(feedersOf("virus_admin_maps"), ["%virus_admin", "$virus_admin"]);
  assert.equal(madeOf("myhostname"), undefined);
  assert.deepEqual(feedersOf("myhostname"), []);
  assert.ok(feeders.has("@local_domains_acl") && !feeders.has("=1"));
});

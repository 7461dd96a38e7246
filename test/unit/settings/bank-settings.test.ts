import assert from "node:assert/strict";
import { test } from "node:test";
import { mergedSettings } from "../../../src/settings/bank-settings.ts";

test("a bank lays mappings of names over those in force, and replaces all else", () => {
  for (const name of ["signed_header_fields", "allowed_added_header_fields", "lovers_maps_by_ccat"] as const) {
    assert.ok(mergedSettings.has(name), name);
  }
  for (const name of ["local_domains_maps", "inet_acl", "myhostname", "client_ipaddr_policy"] as const) {
    assert.ok(!mergedSettings.has(name), name);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { bankSettings, scopeOf } from "../../../src/settings/registry.ts";

/** The names of the DKIM howto of amavisd. */
const howto =
  "enable_dkim_verification enable_dkim_signing dkim_signature_options_bysender_maps mynetworks mynetworks_maps " +
  "inet_socket_port forward_method notify_method interface_policy policy_bank originating smtpd_discard_ehlo_keywords " +
  "mydomain spam_admin_maps virus_admin_maps banned_filename_maps spam_quarantine_cutoff_level_maps " +
  "spam_dsn_cutoff_level_maps spam_dsn_cutoff_level_bysender_maps spam_check_negative_ttl smtpd_greeting_banner " +
  "os_fingerprint_method penpals_bonus_score bounce_killer_score bypass_decode_parts bypass_header_checks_maps " +
  "bypass_virus_checks_maps bypass_spam_checks_maps bypass_banned_checks_maps spam_lovers_maps " +
  "banned_files_lovers_maps archive_quarantine_to_maps remove_existing_x_scanned_headers " +
  "remove_existing_spam_headers signed_header_fields author_to_policy_bank_maps signer_reputation_maps";

test("every name of the howto is known", () => {
  assert.deepEqual(
    howto.split(" ").filter((name) => scopeOf(name) === undefined),
    [],
  );
});

test("a map's default is a list of tables", () => {
  for (const [name, { fallback }] of Object.entries(bankSettings)) {
    if (/_maps$|_lookup_tables$/.test(name)) assert.ok(Array.isArray(fallback), name);
  }
});

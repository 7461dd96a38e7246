// A complete base bank for tests of policy: the defaults, but what would be in a test's way is off or empty.
import type { BankSettings } from "../../../src/settings/bank-settings.ts";
import { bankSettings } from "../../../src/settings/registry.ts";
import { withDefaults } from "../../../src/settings/setting.ts";

export const baseSettings: BankSettings = withDefaults(
  {
    myhostname: "mail.example.com",
    enable_dkim_verification: true,
    enable_dkim_signing: true,
    signed_header_fields: { from: 2, date: 2, subject: 2, "content-type": 2, sender: 0, to: 0 },
    viruses_that_fake_sender_maps: [],
    spam_modifies_subj_maps: [],
    virus_quarantine_to_maps: [],
    banned_quarantine_to_maps: [],
    unchecked_quarantine_to_maps: [],
    spam_quarantine_to_maps: [],
    bad_header_quarantine_to_maps: [],
    clean_quarantine_to_maps: [],
    virus_quarantine_method: null,
    banned_files_quarantine_method: null,
    spam_quarantine_method: null,
    bad_header_quarantine_method: null,
    X_HEADER_TAG: null,
    allowed_added_header_fields: { received: true, "x-spam-report": false },
  },
  bankSettings,
);

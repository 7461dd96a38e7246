import { map, textYield, truthYield } from "../map-shape.ts";
import { accepted, active, type SettingRows } from "../setting.ts";
import { anything, fieldSwitches, integer, mapping, optional, text, toggle } from "../shape.ts";
import { defaultAddedFields } from "./field-names.ts";

export const headerSettings = {
  X_HEADER_TAG: active(optional(text), "X-Virus-Scanned", "Name of the field that tells of the virus check."),
  X_HEADER_LINE: active(
    optional(text),
    null,
    "Text of the field that tells of the virus check; empty: no field.",
    "signpost at mydomain",
  ),
  remove_existing_x_scanned_headers: active(toggle, false, "Incoming fields named X_HEADER_TAG are removed."),
  remove_existing_spam_headers: active(toggle, true, "Incoming X-Spam fields are removed."),
  remove_existing_spam_headers_maps: active(
    map(truthYield),
    [],
    "Incoming X-Spam fields are removed, by recipient.",
    "remove_existing_spam_headers",
  ),
  allowed_added_header_fields: active(
    fieldSwitches,
    defaultAddedFields,
    "Header fields that may be added. Laid over the defaults name by name; without dkim-signature nothing is signed.",
  ),
  prefer_our_added_header_fields: accepted(
    fieldSwitches,
    {},
    "Header fields of which an incoming one gives way to ours.",
  ),
  prepend_header_fields_hdridx: accepted(integer(0), 0, "How many incoming fields stay above ours."),
  allow_fixing_improper_header: accepted(
    toggle,
    false,
    "Broken header fields are repaired. amavisd does; here mail leaves as it came.",
  ),
  allow_fixing_improper_header_folding: accepted(toggle, false, "Folded lines of blanks are repaired."),
  allow_fixing_long_header_lines: accepted(toggle, false, "Header lines over 998 octets are cut."),
  hdr_encoding: accepted(text, "iso-8859-1", "Character set of header fields in notices."),
  bdy_encoding: accepted(text, "iso-8859-1", "Character set of bodies of notices."),
  hdr_encoding_qb: accepted(text, "Q", "Q or B encoding of header fields in notices."),
  allow_disclaimers: accepted(toggle, false, "Disclaimers are put under mail of ours."),
  outbound_disclaimers_only: accepted(toggle, false, "Only under mail that leaves."),
  disclaimer_options_bysender_maps: accepted(map(textYield, "sender"), [], "Which disclaimer, by sender."),
} satisfies SettingRows;

const byCategory = mapping(
  anything,
  "a mapping of contents categories (CC_VIRUS, CC_BANNED, CC_SPAM, CC_CATCHALL ...) to values",
);

export const categorySettings = {
  final_destiny_maps_by_ccat: active(byCategory, {}, "Destinies, by contents category."),
  forward_method_maps_by_ccat: active(byCategory, {}, "Next hops, by contents category."),
  lovers_maps_by_ccat: active(byCategory, {}, "Recipients who get such mail, by contents category."),
  defang_maps_by_ccat: active(byCategory, {}, "Whether mail is wrapped, by contents category."),
  subject_tag_maps_by_ccat: active(byCategory, {}, "Subject tags, by contents category."),
  quarantine_method_by_ccat: active(byCategory, {}, "How mail is kept, by contents category."),
  quarantine_to_maps_by_ccat: active(byCategory, {}, "Where mail is kept, by contents category."),
  notify_admin_templ_by_ccat: active(byCategory, {}, "Templates of notices to administrators, by contents category."),
  notify_recips_templ_by_ccat: active(byCategory, {}, "Templates of notices to recipients, by contents category."),
  notify_sender_templ_by_ccat: active(byCategory, {}, "Templates of notices to senders, by contents category."),
  notify_autoresp_templ_by_ccat: accepted(byCategory, {}, "Templates of automatic answers, by contents category."),
  notify_release_templ_by_ccat: accepted(byCategory, {}, "Templates of released mail, by contents category."),
  notify_report_templ_by_ccat: accepted(byCategory, {}, "Templates of reports, by contents category."),
  warnsender_by_ccat: active(byCategory, {}, "Whether senders are told, by contents category."),
  hdrfrom_notify_admin_by_ccat: active(byCategory, {}, "From of notices to administrators, by contents category."),
  hdrfrom_notify_recip_by_ccat: active(byCategory, {}, "From of notices to recipients, by contents category."),
  hdrfrom_notify_sender_by_ccat: active(byCategory, {}, "From of notices to senders, by contents category."),
  hdrfrom_notify_release_by_ccat: accepted(byCategory, {}, "From of released mail, by contents category."),
  hdrfrom_notify_report_by_ccat: accepted(byCategory, {}, "From of reports, by contents category."),
  mailfrom_notify_admin_by_ccat: active(
    byCategory,
    {},
    "Envelope sender of notices to administrators, by contents category.",
  ),
  mailfrom_notify_recip_by_ccat: active(
    byCategory,
    {},
    "Envelope sender of notices to recipients, by contents category.",
  ),
  admin_maps_by_ccat: active(byCategory, {}, "Administrators who are told, by contents category."),
  warnrecip_maps_by_ccat: active(byCategory, {}, "Recipients who are told, by contents category."),
  always_bcc_by_ccat: accepted(byCategory, {}, "Who also gets a copy, by contents category."),
  dsn_bcc_by_ccat: accepted(byCategory, {}, "Who also gets a copy of a DSN, by contents category."),
  addr_extension_maps_by_ccat: active(byCategory, {}, "Address extensions, by contents category."),
  addr_rewrite_maps_by_ccat: accepted(byCategory, {}, "New recipient addresses, by contents category."),
  smtp_reason_by_ccat: active(byCategory, {}, "Text of the reply, by contents category."),
} satisfies SettingRows;

import { map, truthYield } from "../map-shape.ts";
import { active, type SettingRows } from "../setting.ts";
import { anything, fieldSwitches, mapping, optional, text, toggle } from "../shape.ts";
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
  warnsender_by_ccat: active(byCategory, {}, "Whether senders are told, by contents category."),
  hdrfrom_notify_admin_by_ccat: active(byCategory, {}, "From of notices to administrators, by contents category."),
  hdrfrom_notify_recip_by_ccat: active(byCategory, {}, "From of notices to recipients, by contents category."),
  hdrfrom_notify_sender_by_ccat: active(byCategory, {}, "From of notices to senders, by contents category."),
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
  addr_extension_maps_by_ccat: active(byCategory, {}, "Address extensions, by contents category."),
  smtp_reason_by_ccat: active(byCategory, {}, "Text of the reply, by contents category."),
} satisfies SettingRows;

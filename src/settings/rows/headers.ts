import { map, truthYield } from "../map-shape.ts";
import { type SettingRows, setting } from "../setting.ts";
import { anything, mapping, optional, text, toggle } from "../shape.ts";
import { fieldSwitches } from "../text-shape.ts";
import { defaultAddedFields } from "./field-names.ts";

export const headerSettings = {
  X_HEADER_TAG: setting(
    optional(text),
    "X-Virus-Scanned",
    "Name of the field that says that mail was checked for viruses.",
    "flow",
  ),
  X_HEADER_LINE: setting(optional(text), null, "Text of that field; empty: no field.", "flow", {
    otherwise: "signpost at mydomain",
  }),
  remove_existing_x_scanned_headers: setting(toggle, false, "Incoming fields named X_HEADER_TAG are removed.", "flow"),
  remove_existing_spam_headers: setting(toggle, true, "Incoming X-Spam fields are removed.", "flow"),
  remove_existing_spam_headers_maps: setting(
    map(truthYield),
    [],
    "Incoming X-Spam fields are removed, by recipient.",
    "flow",
    { otherwise: "remove_existing_spam_headers" },
  ),
  allowed_added_header_fields: setting(
    fieldSwitches,
    defaultAddedFields,
    "Header fields that may be added. Laid over the defaults name by name; without dkim-signature nothing is signed.",
    "flow",
    { sigil: "%" },
  ),
} satisfies SettingRows;

const byCategory = mapping(
  anything,
  "a mapping of contents categories (CC_VIRUS, CC_BANNED, CC_SPAM, CC_CATCHALL ...) to values",
);

export const categorySettings = {
  final_destiny_maps_by_ccat: setting(byCategory, {}, "Destinies, by contents category.", "policy"),
  forward_method_maps_by_ccat: setting(byCategory, {}, "Next hops, by contents category.", "policy"),
  lovers_maps_by_ccat: setting(byCategory, {}, "Recipients who get such mail, by contents category.", "policy"),
  defang_maps_by_ccat: setting(byCategory, {}, "Whether mail is wrapped, by contents category.", "policy"),
  subject_tag_maps_by_ccat: setting(byCategory, {}, "Subject tags, by contents category.", "policy"),
  quarantine_method_by_ccat: setting(byCategory, {}, "How mail is kept, by contents category.", "policy"),
  quarantine_to_maps_by_ccat: setting(byCategory, {}, "Where mail is kept, by contents category.", "policy"),
  notify_admin_templ_by_ccat: setting(
    byCategory,
    {},
    "Templates of notices to administrators, by contents category.",
    "policy",
  ),
  notify_recips_templ_by_ccat: setting(
    byCategory,
    {},
    "Templates of notices to recipients, by contents category.",
    "policy",
  ),
  notify_sender_templ_by_ccat: setting(
    byCategory,
    {},
    "Templates of notices to senders, by contents category.",
    "policy",
  ),
  warnsender_by_ccat: setting(byCategory, {}, "Whether senders get a notice, by contents category.", "policy"),
  hdrfrom_notify_admin_by_ccat: setting(
    byCategory,
    {},
    "From of notices to administrators, by contents category.",
    "policy",
  ),
  hdrfrom_notify_recip_by_ccat: setting(
    byCategory,
    {},
    "From of notices to recipients, by contents category.",
    "policy",
  ),
  hdrfrom_notify_sender_by_ccat: setting(byCategory, {}, "From of notices to senders, by contents category.", "policy"),
  mailfrom_notify_admin_by_ccat: setting(
    byCategory,
    {},
    "Envelope sender of notices to administrators, by contents category.",
    "policy",
  ),
  mailfrom_notify_recip_by_ccat: setting(
    byCategory,
    {},
    "Envelope sender of notices to recipients, by contents category.",
    "policy",
  ),
  admin_maps_by_ccat: setting(byCategory, {}, "Administrators who get notices, by contents category.", "policy"),
  warnrecip_maps_by_ccat: setting(byCategory, {}, "Recipients who get a notice, by contents category.", "policy"),
  addr_extension_maps_by_ccat: setting(byCategory, {}, "Address extensions, by contents category.", "policy"),
  smtp_reason_by_ccat: setting(byCategory, {}, "Text of the reply, by contents category.", "policy"),
} satisfies SettingRows;

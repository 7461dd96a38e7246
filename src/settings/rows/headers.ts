// Bank settings of header fields of ours, and settings by contents category (amavisd: *_by_ccat).
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

const forCategories = (words: string) => setting(byCategory, {}, `${words}, by contents category.`, "policy");

export const categorySettings = {
  final_destiny_maps_by_ccat: forCategories("Destinies"),
  forward_method_maps_by_ccat: forCategories("Next hops"),
  lovers_maps_by_ccat: forCategories("Recipients who get such mail"),
  defang_maps_by_ccat: forCategories("Whether mail is wrapped"),
  subject_tag_maps_by_ccat: forCategories("Subject tags"),
  quarantine_method_by_ccat: forCategories("How mail is kept"),
  quarantine_to_maps_by_ccat: forCategories("Where mail is kept"),
  notify_admin_templ_by_ccat: forCategories("Templates of notices to administrators"),
  notify_recips_templ_by_ccat: forCategories("Templates of notices to recipients"),
  notify_sender_templ_by_ccat: forCategories("Templates of notices to senders"),
  warnsender_by_ccat: forCategories("Whether senders get a notice"),
  hdrfrom_notify_admin_by_ccat: forCategories("From of notices to administrators"),
  hdrfrom_notify_recip_by_ccat: forCategories("From of notices to recipients"),
  hdrfrom_notify_sender_by_ccat: forCategories("From of notices to senders"),
  mailfrom_notify_admin_by_ccat: forCategories("Envelope sender of notices to administrators"),
  mailfrom_notify_recip_by_ccat: forCategories("Envelope sender of notices to recipients"),
  admin_maps_by_ccat: forCategories("Administrators who get notices"),
  warnrecip_maps_by_ccat: forCategories("Recipients who get a notice"),
  addr_extension_maps_by_ccat: forCategories("Address extensions"),
  smtp_reason_by_ccat: forCategories("Text of the reply"),
} satisfies SettingRows;

// The words of the manual that stand before the settings.

export interface Section {
  readonly title: string;
  /** Paragraphs; one that starts with four blanks is text to be kept as it is. */
  readonly paragraphs: readonly string[];
}

export const introduction: readonly Section[] = [
  {
    title: "The file",
    paragraphs: [
      "signpost reads /etc/signpost/signpost.yaml, or the file that --config names. A file that ends in .conf is read as an amavisd.conf. Names are those of amavisd without their sigils, so what is written about amavisd's settings holds here, too; names in small groups (dns, pool, metrics ...) are signpost's own.",
      "Nothing is guessed: an unknown name, a bank that does not exist or a value of another type is an error that names file, line and column, and the daemon does not start; at a reload the old configuration stays in force. `signpost check-config` says all of it beforehand, with advice on what can hardly be meant; `signpost check-config --print` shows the configuration with every default.",
      "include names further files, or patterns of file names (`include: [conf.d/*.yaml]`), which start at the folder of the file that names them. They are read first, in alphabetical order, and a later file wins; the members of policy_bank, interface_policy, banned_rules and dkim_keys come together from all files.",
    ],
  },
  {
    title: "Values",
    paragraphs: [
      "Durations are seconds or have a unit: 90, 90s, 15m, 8h, 21d. Sizes are octets or have a unit, k M G, powers of 1024: 256k, 64M. Truth values are true and false; 1, 0 and null are taken as amavisd does. null means the default, unless the setting has a null of its own (“or null”). Names of files start at the folder of the file that holds them.",
    ],
  },
  {
    title: "Lookup maps",
    paragraphs: [
      "A setting whose name ends in _maps is a list of tables; the first table that yields a value wins. A table is",
      '    true, 5, text            a constant: the answer for everybody\n    { key: value, ... }      a hash by address\n    [a, b, ...]              an access list: yields true, after ! false\n    { regexp: [[pattern, value], pattern, ...] }\n    { file: name }           a hash in a file, "key value" a line',
      "One table may stand for the list; null and [] are the empty map. In a hash these keys are tried for user+foo@sub.example.com, in order: the address as it is, in lower case, without the extension (where recipient_delimiter is set), user+foo@, user@, sub.example.com, .sub.example.com, .example.com, .com and “.”. A name without a dot in front is that domain alone. A value null ends the search in its table, and the next is asked. Patterns run in time linear in the address.",
    ],
  },
  {
    title: "Policy banks",
    paragraphs: [
      "policy_bank holds named sets of settings, of those that this page marks “also in a bank”. A bank that is loaded lays its values over those in force: a map or a list replaces the old one as a whole, a mapping of names (signed_header_fields, allowed_added_header_fields, *_by_ccat) is laid over it name by name, unless it has a member REPLACE: true.",
      "Banks are loaded in this order, later ones win: by the listener a connection comes in by (interface_policy), by the client's address (client_ipaddr_policy, MYNETS), MYUSERS for originating mail from a local sender, and by the author with a valid signature (author_to_policy_bank_maps). The path of the banks that were loaded, A/B/C, stands in the log line of each mail.",
      '    interface_policy: { "10026": ORIGINATING }\n    policy_bank:\n      ORIGINATING:\n        originating: true\n        forward_method: "smtp:[127.0.0.1]:10027"',
    ],
  },
];

/** Before the table of settings that nothing acts on. */
export const idleSection: Section = {
  title: "Known, but nothing acts on them",
  paragraphs: [
    "A configuration may hold these names; their values are checked for their form and have no effect. What asks for lookups (enable_ldap) is an error at start, reload, import and check-config, because mail would not be treated as it says; unsupported: warn makes that a warning. All others are one warning that lists them.",
  ],
};

// The words and operators that the parser must know to read on: what binds how tightly, what takes how many arguments.

/** Binary operators, loosest first; each row is one precedence. */
const precedences = [
  ["..", "..."],
  ["||", "//"],
  ["&&"],
  ["|", "^"],
  ["&"],
  ["==", "!=", "<=>", "eq", "ne", "cmp"],
  ["<", ">", "<=", ">=", "lt", "gt", "le", "ge"],
  [],
  ["<<", ">>"],
  ["+", "-", "."],
  ["*", "/", "%", "x"],
  ["=~", "!~"],
];
export const levels = new Map(precedences.flatMap((row, level) => row.map((operator) => [operator, level] as const)));
export const namedUnaryLevel = 8;

export const assignments = new Set("= += -= *= /= .= %= x= **= ||= &&= //= |= &= ^= <<= >>=".split(" "));

/** Functions that take one argument and bind tighter than comparisons. */
export const unaryFunctions = new Set(
  "lc uc lcfirst ucfirst defined ref scalar length exists delete int abs shift pop require quotemeta chomp chop keys values each undef caller rand chr ord hex oct localtime gmtime".split(
    " ",
  ),
);
export const listFunctions = new Set(
  "push unshift splice join split sprintf die warn print printf return reverse index rindex substr new_RE dkim_key read_hash read_array read_text read_cidr read_l10n_templates include_config_files include_optional_config_files idn_to_ascii idn_to_utf8 mail_idn_to_ascii Opaque OpaqueRef q_dns_a q_sql_s q_sql_n q_sql_b q_ldap_s q_ldap_n q_ldap_b exit".split(
    " ",
  ),
);
export const modifiers = new Set(["if", "unless", "while", "until", "for", "foreach"]);
export const lowOperators = new Set(["or", "xor", "and"]);

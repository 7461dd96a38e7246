// What an operator asks for by a setting that nothing acts on, and that mail would be treated differently without: these are errors
// where they are set to ask for something. A setting that comes to act leaves this list.

/** What is said, by setting. */
const demands: Readonly<Record<string, string>> = {
  enable_ldap: "nothing looks into LDAP: what it says of recipients would not count",
};

/** What is asked for by such a value (in its normal form) of a setting that nothing acts on; undefined where nothing is. */
export function unmetDemand(name: string, value: unknown): string | undefined {
  return Object.hasOwn(demands, name) && value === true ? demands[name] : undefined;
}

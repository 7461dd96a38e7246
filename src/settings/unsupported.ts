// What an operator asks for by a setting that nothing acts on: mail that is thought to be scanned, refused or encrypted is not, so
// these are errors where they are set to ask for something. A setting that comes to act leaves this list.
import { isMapping } from "./shape.ts";

export type Demand = "destiny" | "list" | "tls";

/** Not `banned_rules`: a named rule bans nothing before a map names it. */
const demands: Readonly<Record<string, Demand>> = {
  final_virus_destiny: "destiny",
  final_banned_destiny: "destiny",
  final_unchecked_destiny: "destiny",
  final_spam_destiny: "destiny",
  final_bad_header_destiny: "destiny",
  final_destiny_maps_by_ccat: "destiny",
  banned_filename_re: "list",
  banned_namepath_re: "list",
  tls_security_level_in: "tls",
  tls_security_level_out: "tls",
  auth_required_inp: "tls",
  auth_required_out: "tls",
};

const said: Readonly<Record<Demand, string>> = {
  destiny: "nothing looks for such mail: it would pass",
  list: "nothing goes by this list: mail that it bans would pass",
  tls: "nothing acts on it: sessions would go on without",
};

/** What is asked for by such a value (in its normal form) of a setting that nothing acts on; undefined where nothing is. */
export function unmetDemand(name: string, value: unknown): string | undefined {
  const demand = Object.hasOwn(demands, name) ? demands[name] : undefined;
  return demand === undefined || !asks(demand, value) ? undefined : said[demand];
}

function asks(demand: Demand, value: unknown): boolean {
  if (value === null || value === undefined || value === false) return false;
  if (Array.isArray(value)) return value.some((item) => asks(demand, item));
  if (isMapping(value)) return Object.entries(value).some(([name, item]) => name !== "REPLACE" && asks(demand, item));
  return demand === "destiny" ? value !== "D_PASS" && value !== 1 : value !== "";
}

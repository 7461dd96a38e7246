// Forms of particular maps: truth values as Perl takes them, and the pairs of @client_ipaddr_policy.
import type { Located, SettingsSink } from "./convert.ts";

/** A map that asks yes or no: any text but "" and "0" is yes in Perl ("OK", "yes"). Names and patterns stay. */
export function asTruths(map: Located): Located {
  return rebuild(map, truthTable);
}

function truthTable(table: Located): Located {
  if (isConstant(table.value)) return asTruth(table);
  if (Array.isArray(table.value)) return table;
  const rows = table.members?.get("regexp");
  if (rows === undefined || !Array.isArray(rows.value)) return rebuild(table, asTruth);
  const given: readonly unknown[] = rows.value;
  const list = { ...rows, value: given.map((row) => (isPair(row) ? [row[0], truthOf(row[1])] : row)) };
  return { ...table, value: { regexp: list.value }, members: new Map([["regexp", list]]) };
}

/** Table and banks in turn, as records: `{ networks, banks }`. */
export function asClientPolicy(flat: Located, sink: SettingsSink): Located {
  const members = new Map<string | number, Located>();
  const items = [...(flat.members?.values() ?? [])];
  for (let index = 0; index + 1 < items.length; index += 2) {
    const given = items[index];
    const networks = given === undefined || isConstant(given.value) ? given : truthTable(given);
    const banks = items[index + 1];
    if (networks === undefined || banks === undefined) break;
    if (isConstant(networks.value)) {
      sink.report(
        "error",
        networks.origin,
        `@client_ipaddr_policy: ${JSON.stringify(networks.value)} is no list of networks; amavisd takes it as a match for every client; write [${JSON.stringify(networks.value)}]`,
      );
    }
    const record = { networks: networks.value, banks: banks.value };
    const places = new Map([
      ["networks", networks],
      ["banks", banks],
    ]);
    members.set(members.size, { value: record, origin: networks.origin, members: places });
  }
  if (items.length % 2 !== 0)
    sink.report("error", flat.origin, "@client_ipaddr_policy: expected pairs of networks and banks");
  return { ...flat, value: [...members.values()].map(({ value }) => value), members };
}

function rebuild(whole: Located, change: (part: Located) => Located): Located {
  if (whole.members === undefined) return whole;
  const members = new Map([...whole.members].map(([key, member]) => [key, change(member)]));
  const value = Array.isArray(whole.value)
    ? [...members.values()].map((member) => member.value)
    : Object.fromEntries([...members].map(([key, member]) => [key, member.value]));
  return { ...whole, value, members };
}

function asTruth(located: Located): Located {
  return { ...located, value: truthOf(located.value) };
}

function truthOf(value: unknown): unknown {
  return typeof value === "string" || typeof value === "number" ? value !== "" && value !== "0" && value !== 0 : value;
}

function isConstant(value: unknown): boolean {
  return value === null || typeof value !== "object";
}

function isPair(row: unknown): row is readonly [unknown, unknown] {
  return Array.isArray(row) && row.length === 2;
}

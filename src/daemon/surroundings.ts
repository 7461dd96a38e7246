// What explanations say of the configuration in force.
import type { Config } from "../config/config.ts";
import type { Surroundings } from "../flow/outcome/surroundings.ts";
import type { TableContext } from "../lookup/table.ts";
import { resolverOptions } from "./part-options.ts";

/** `tables` gives the place where a setting is written, if that is known. */
export function surroundingsOf(config: Config, tables?: Pick<TableContext, "origin">): Surroundings {
  const origin = tables?.origin?.(["mynetworks"]);
  return {
    dnsServers: resolverOptions(config).servers.map(({ address, port }) =>
      address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`,
    ),
    originatingListeners: originatingListeners(config),
    mynetworks: config.mynetworks,
    ...(origin === undefined ? {} : { mynetworksOrigin: origin }),
  };
}

function originatingListeners({ base, interface_policy, policy_bank }: Config): readonly string[] {
  if (base.originating) return ["any listener (originating is set for all mail)"];
  return Object.entries(interface_policy).flatMap(([listener, banks]) => {
    const ours = banks.filter((name) => policy_bank.get(name)?.originating === true);
    return ours.length === 0 ? [] : [`${listener} (${ours.join(", ")})`];
  });
}

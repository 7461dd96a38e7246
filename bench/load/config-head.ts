// What the configurations of all benches begin with: a filter on loopback that hands on to the sink.
import { join } from "node:path";

export interface ConfigHead {
  readonly ports: readonly number[];
  readonly nextHopPort: number;
  /** Its log is there, as the file `log`. */
  readonly folder: string;
}

/** Lines of YAML. */
export function configHead({ ports, nextHopPort, folder }: ConfigHead): string {
  return `myhostname: filter.example.net
mydomain: example.net
local_domains_maps: [[.example.net]]
inet_socket_port: [${ports.join(", ")}]
inet_socket_bind: [127.0.0.1]
forward_method: "smtp:[127.0.0.1]:${nextHopPort}"
notify_method: "smtp:[127.0.0.1]:${nextHopPort}"
log: { to: ${join(folder, "log")} }`;
}

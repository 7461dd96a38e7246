// What the configuration says of the quarantine, as the part asks for it.
import type { Config } from "../config/config.ts";
import type { KeptSource } from "../metrics/sources.ts";
import { workerUrl } from "../process/module-url.ts";
import type { Quarantine, QuarantineOptions } from "../quarantine/quarantine.ts";
import { quarantinePlace } from "../quarantine/quarantine-place.ts";

/** @param tell writes a line of the log */
export function quarantineOptions(config: Config, tell: QuarantineOptions["tell"]): QuarantineOptions {
  return {
    place: quarantinePlace(config, "at-start"),
    keepMs: config.quarantine.keep * 1000,
    maxOctets: config.quarantine.size,
    minFreeBytes: config.quarantine.free_space,
    worker: workerUrl("quarantine"),
    tell,
  };
}

/** What the metrics ask of the quarantine; undefined where nothing is kept in files. */
export function keptSource({ index, room, minFreeBytes }: Quarantine): KeptSource | undefined {
  return room && { usage: () => index.usage(), freeBytes: () => room.freeBytes(), minFreeBytes };
}

// What the configuration says of the quarantine, as the part asks for it.
import type { Config } from "../config/config.ts";
import { workerUrl } from "../process/module-url.ts";
import type { QuarantineOptions } from "../quarantine/quarantine.ts";
import { quarantinePlace } from "../quarantine/quarantine-place.ts";

/** @param tell writes a line of the log */
export function quarantineOptions(config: Config, tell: QuarantineOptions["tell"]): QuarantineOptions {
  return {
    place: quarantinePlace(config, "at-start"),
    keepMs: config.quarantine.keep * 1000,
    maxOctets: config.quarantine.size,
    worker: workerUrl("quarantine"),
    tell,
  };
}

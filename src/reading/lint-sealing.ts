// Banks that seal (ARC) and have no key to do it with: such mail leaves without a set, which nobody would notice.

import type { Config } from "../config/config.ts";
import { everyBank } from "../config/references.ts";
import { type Problem, pathText } from "../config/source.ts";
import type { Keyring } from "../signing/keyring.ts";
import { findSealingKey, sealingDomains } from "../signing/sealing-key.ts";

export function lintSealing(config: Config, keyring: Keyring): readonly Problem[] {
  return everyBank(config).flatMap(({ path, settings }) => {
    if (settings.arc_seal !== true) return [];
    const domains = sealingDomains(config.mydomain, settings.myhostname ?? config.base.myhostname);
    if (findSealingKey(keyring, domains) !== undefined) return [];
    const at = [...path, "arc_seal"];
    const wanted = domains.length === 0 ? "set mydomain" : `a key of ${domains.join(" or ")} is needed`;
    return [{ severity: "warning", path: at, message: `${pathText(at)}: nothing can be sealed: ${wanted}` }];
  });
}

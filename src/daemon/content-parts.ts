// What looks into mail: the threads that take it apart, the scanners, the verdicts that are remembered. A reload replaces
// those whose settings changed; mails under way end on the old ones.
import type { Config } from "../config/config.ts";
import { digestBody } from "../mail/body-digest.ts";
import type { PartsFound } from "../mail/content.ts";
import type { Message } from "../mail/message.ts";
import type { ContentObserver } from "../metrics/observers.ts";
import { type ContentPool, createContentPool } from "../pool/content-pool.ts";
import { partsKey } from "../pool/known-parts.ts";
import { workerUrl } from "../process/module-url.ts";
import { type ContentScanners, createContentScanners, type ScannerStats } from "../scanners/content-scanners.ts";
import { createVerdictCache, type SharedOctets, type VerdictCache } from "../verdicts/verdict-cache.ts";
import { contentPoolOptions, verdictCacheOptions } from "./part-options.ts";

export interface ContentParts extends Pick<ContentScanners, "scanViruses" | "scoreSpam"> {
  /**
   * Takes a mail apart; what is known of an equal one comes at once. Rejects only when its octets cannot be read.
   * @param isScanned scanners are asked about it, so that its digest is made for their verdicts anyway
   */
  lookIntoParts(message: Message, isScanned: boolean): PartsFound | Promise<PartsFound>;
  /** Writes a mail so that no MTA has to change it. */
  makeSurvive: ContentPool["makeSurvive"];
  scannerStats(): readonly ScannerStats[];
  /** Goes by another configuration from now on. */
  configure(config: Config): void;
  close(): Promise<void>;
}

export interface ContentPartsNeeds {
  readonly observer: ContentObserver;
  /** The cache that filters share; empty when there is none. */
  readonly shared: SharedOctets;
  /** Called when a scanner is found to be down, and when it is back. */
  tell(severity: "notice" | "warning", text: string): void;
}

export function createContentParts(first: Config, { observer, shared, tell }: ContentPartsNeeds): ContentParts {
  let config = first;
  let pool = openPool();
  let verdicts = openVerdicts();
  let scanners = openScanners();

  function openPool(): ContentPool {
    return createContentPool({ ...contentPoolOptions(config), worker: workerUrl("content"), observer });
  }

  function openVerdicts(): VerdictCache {
    return createVerdictCache({
      ...verdictCacheOptions(config),
      ...(config.enable_global_cache && { shared }),
      asked: observer.verdictAsked,
    });
  }

  function openScanners(): ContentScanners {
    return createContentScanners({
      verdicts,
      scanned: observer.scanned,
      changed(scanner, state, why) {
        if (state === "up") tell("notice", `scanner ${scanner} is back`);
        else tell("warning", `scanner ${scanner} is down: ${why}`);
      },
    });
  }

  return {
    lookIntoParts(message, isScanned) {
      if (!isScanned || !(verdicts.remembers("virus") || verdicts.remembers("spam"))) return pool.lookInto(message);
      const digest = digestBody(message.body);
      if (!(digest instanceof Promise)) return pool.lookInto(message, partsKey(message, digest));
      return digest.then(
        (made) => pool.lookInto(message, partsKey(message, made)),
        // When octets cannot be read, the pool meets the same error and reports it.
        () => pool.lookInto(message),
      );
    },
    makeSurvive: (message, body) => pool.makeSurvive(message, body),
    scanViruses: (message, ask) => scanners.scanViruses(message, ask),
    scoreSpam: (message, ask) => scanners.scoreSpam(message, ask),
    scannerStats: () => scanners.stats(),
    configure(next) {
      const before = config;
      config = next;
      if (differ(contentPoolOptions(before), contentPoolOptions(next))) {
        const old = pool;
        pool = openPool();
        // By then the mails that it has are done.
        setTimeout(() => void old.close(), before.limits.message_time * 1000).unref();
      }
      const isSharedAnew = before.enable_global_cache !== next.enable_global_cache;
      const forgets = isSharedAnew || differ(verdictCacheOptions(before), verdictCacheOptions(next));
      if (forgets) verdicts = openVerdicts();
      if (forgets || differ(scannersOf(before), scannersOf(next))) {
        scanners.retire();
        scanners = openScanners();
      }
    },
    async close() {
      scanners.close();
      await pool.close();
    },
  };
}

/** The scanners of all banks. */
function scannersOf({ base, policy_bank }: Config): object {
  return [base, ...policy_bank.values()].map(({ av_scanners, av_scanners_backup, spam_scanners }) => [
    av_scanners,
    av_scanners_backup,
    spam_scanners,
  ]);
}

function differ(one: object, other: object): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

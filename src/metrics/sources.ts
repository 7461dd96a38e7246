// What is looked up at a scrape and not counted along the way: how full things are just now.
import { statfs } from "node:fs/promises";
import type { Counter } from "prom-client";
import type { DnsStats } from "../dns/resolver.ts";
import type { PoolStats } from "../pool/worker-pool.ts";
import type { MessageStore } from "../receive/store.ts";
import type { RelayCounts } from "../relay/relay.ts";
import type { ScannerStats } from "../scanners/content-scanners.ts";
import { lookupResults, type SharedCacheStats, writeResults } from "../shared-cache/shared-cache.ts";
import { maxNextHops, maxScanners, other } from "./bounded.ts";
import type { Declared } from "./declared.ts";

export interface Sources {
  readonly pool: () => PoolStats & { readonly streams: number };
  /** Jobs that may wait. */
  readonly poolQueueLimit: number;
  /** Undefined where answers do not come from our resolver. */
  readonly dns: () => DnsStats | undefined;
  /** Undefined where nothing is shared. */
  readonly sharedCache: () => SharedCacheStats | undefined;
  readonly relay: () => RelayCounts;
  readonly store: Pick<MessageStore, "limits" | "usedBytes" | "spoolFiles">;
  readonly openConnections: () => Iterable<readonly [listener: string, count: number]>;
  readonly history: () => { readonly mails: number; readonly octets: number };
  readonly droppedLines: () => number;
  /** Undefined where nothing is kept in files. */
  readonly quarantine: () => KeptSource | undefined;
  /** Those of the configuration in force. */
  readonly scanners: () => readonly ScannerStats[];
}

export interface KeptSource {
  usage(): Promise<{ readonly copies: number; readonly octets: number } | undefined>;
  freeBytes(): Promise<number>;
  readonly minFreeBytes: number;
}

/** Brings every gauge up to date. */
export async function refresh(declared: Declared, sources: Sources): Promise<void> {
  const pool = sources.pool();
  declared.poolThreads.set({ state: "configured" }, pool.threads);
  declared.poolThreads.set({ state: "alive" }, pool.threadsAlive);
  declared.poolBusy.set(pool.busy);
  declared.poolStreams.set(pool.streams);
  declared.poolQueued.set(pool.queued);
  declared.poolQueueLimit.set(sources.poolQueueLimit);

  const dns = sources.dns();
  setTotal(declared.dnsQuestions, dns?.questions ?? 0);
  setTotal(declared.dnsCacheHits, dns?.cacheHits ?? 0);
  setTotal(declared.dnsMerged, dns?.merged ?? 0);
  setTotal(declared.dnsCacheEvictions, dns?.evictions ?? 0);
  declared.dnsCacheEntries.set(dns?.cacheEntries ?? 0);
  declared.dnsCacheBytes.set(dns?.cacheBytes ?? 0);
  declared.dnsPending.set(dns?.pending ?? 0);
  declared.dnsCircuitOpen.set(dns?.shortDeadline === true ? 1 : 0);

  const shared = sources.sharedCache();
  declared.sharedCacheConnections.set({ state: "configured" }, shared === undefined ? 0 : 1);
  declared.sharedCacheConnections.set({ state: "connected" }, shared?.isConnected === true ? 1 : 0);
  declared.sharedCacheLookups.reset();
  for (const result of lookupResults) declared.sharedCacheLookups.inc({ result }, shared?.lookups[result] ?? 0);
  declared.sharedCacheWrites.reset();
  for (const result of writeResults) declared.sharedCacheWrites.inc({ result }, shared?.writes[result] ?? 0);

  const relay = sources.relay();
  declared.nextHopOpen.set({ state: "idle" }, relay.idle);
  declared.nextHopOpen.set({ state: "busy" }, relay.open - relay.idle);
  for (const gauge of [declared.nextHopBusy, declared.nextHopWaiting, declared.nextHopLimit]) gauge.reset();
  // Those with most mail first: beyond so many they are one series.
  const hops = [...relay.nextHops].sort((a, b) => b.inUse + b.waiting - (a.inUse + a.waiting));
  for (const [index, { nextHop, inUse, waiting, limit }] of hops.entries()) {
    const labels = { next_hop: index < maxNextHops ? nextHop : other };
    declared.nextHopBusy.inc(labels, inUse);
    declared.nextHopWaiting.inc(labels, waiting);
    declared.nextHopLimit.inc(labels, limit);
  }

  for (const gauge of [declared.scannerUp, declared.scannerBusy, declared.scannerWaiting]) gauge.reset();
  for (const { scanner, kind, isDown, inUse, waiting } of sources.scanners().slice(0, maxScanners)) {
    declared.scannerUp.set({ scanner, kind }, isDown ? 0 : 1);
    declared.scannerBusy.set({ scanner, kind }, inUse);
    declared.scannerWaiting.set({ scanner, kind }, waiting);
  }

  const { store } = sources;
  declared.messageMemory.set(store.usedBytes);
  declared.messageMemoryLimit.set(store.limits.memoryBudgetBytes);
  declared.spoolFiles.set(store.spoolFiles);
  declared.spoolFreeLimit.set(store.limits.minFreeBytes);
  declared.spoolFree.set(await freeBytes(store.limits.spoolDirectory));

  declared.openConnections.reset();
  for (const [listener, count] of sources.openConnections()) declared.openConnections.set({ listener }, count);
  const { mails, octets } = sources.history();
  declared.historyMails.set(mails);
  declared.historyBytes.set(octets);
  setTotal(declared.logDropped, sources.droppedLines());
  const quarantine = sources.quarantine();
  const [usage, free] = await Promise.all([quarantine?.usage(), quarantine?.freeBytes()]);
  declared.quarantineCopies.set(usage?.copies ?? 0);
  declared.quarantineBytes.set(usage?.octets ?? 0);
  declared.quarantineFree.set(free ?? Number.NaN);
  declared.quarantineFreeLimit.set(quarantine?.minFreeBytes ?? 0);
}

/** For what is counted elsewhere. */
export function setTotal(counter: Counter<never>, total: number): void {
  counter.reset();
  counter.inc(total);
}

/** NaN where the folder cannot be looked at. */
async function freeBytes(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return Number.NaN;
  }
}

// What a process has used so far, from /proc: CPU time by thread in nanoseconds, memory. Linux only.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

export interface CpuUsage {
  /** All threads that are alive, milliseconds. */
  readonly processMs: number;
  /** The thread that runs the event loop. */
  readonly mainMs: number;
}

export function cpuUsage(pid: number): CpuUsage {
  let processMs = 0;
  let mainMs = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const ms = Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]) / 1e6;
    processMs += ms;
    if (Number(thread) === pid) mainMs = ms;
  }
  return { processMs, mainMs };
}

/** CPU of a process and of all its descendants: servers with a process per connection. */
export function treeUsage(pid: number): number {
  let ms = 0;
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // Ended meanwhile.
    }
  }
  const belongs = (each: number): boolean => {
    for (let at: number | undefined = each; at !== undefined && at > 1; at = parents.get(at))
      if (at === pid) return true;
    return false;
  };
  for (const each of parents.keys()) {
    if (!belongs(each)) continue;
    try {
      ms += cpuUsage(each).processMs;
    } catch {
      // Ended meanwhile.
    }
  }
  return ms;
}

/** Resident memory now and at its highest since `resetPeak`, in MB. */
export function memory(pid: number): { readonly rssMb: number; readonly peakMb: number } {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const mb = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
  return { rssMb: mb("VmRSS"), peakMb: mb("VmHWM") };
}

export function resetPeak(pid: number): void {
  // proc(5): 5 resets the peak resident set size.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

export interface MemoryParts {
  readonly rssMb: number;
  /** Programs and libraries, which all processes of a machine share. */
  readonly filesMb: number;
  /** Pages of V8's heaps, of all threads. */
  readonly heapMb: number;
  /** What malloc has or keeps, stacks, code. */
  readonly otherMb: number;
}

/** V8 takes memory from the system in pages of so many octets, and puts large objects in pages of their own. */
const heapPageBytes = 256 * 1024;

/** What is resident, by what it is for. */
export function memoryParts(pid: number): MemoryParts {
  let [files, heap, other] = [0, 0, 0];
  let into: "files" | "heap" | "other" = "other";
  for (const line of readFileSync(`/proc/${pid}/smaps`, "latin1").split("\n")) {
    const mapping = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+\s*(.*)$/.exec(line);
    if (mapping !== null) {
      const [, from = "", to = "", name = ""] = mapping;
      const bytes = Number.parseInt(to, 16) - Number.parseInt(from, 16);
      into = name.startsWith("/") ? "files" : name === "" && bytes === heapPageBytes ? "heap" : "other";
      continue;
    }
    const kb = Number(/^Rss:\s+(\d+) kB/.exec(line)?.[1] ?? 0);
    if (into === "files") files += kb;
    else if (into === "heap") heap += kb;
    else other += kb;
  }
  const mb = (kb: number) => kb / 1024;
  return { rssMb: mb(files + heap + other), filesMb: mb(files), heapMb: mb(heap), otherMb: mb(other) };
}

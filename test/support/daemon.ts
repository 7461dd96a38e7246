// The real daemon as its own process, on free ports of 127.0.0.1, with a configuration of the test's.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { publicKeyData } from "../../src/signing/record-text.ts";

const main = join(import.meta.dirname, "../../src/cli/main.ts");

const compiled = join(import.meta.dirname, "../../node_modules/.cache/compiled");

export interface DaemonProcess {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly folder: string;
  readonly configFile: string;
  /** Everything it wrote on standard error, line by line. */
  readonly lines: readonly string[];
  /** Resolves with the first line, written or to be written, that has `text`. */
  line(text: string, from?: number): Promise<string>;
  /** Resident memory, octets. */
  residentBytes(): Promise<number>;
  /** The most that was resident since the last call, octets. */
  peakBytes(): Promise<number>;
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Starts it and waits until it listens. `config` is the text of signpost.yaml. */
export async function startDaemonProcess(
  config: string,
  name = "signpost.yaml",
  options: StartOptions = {},
): Promise<DaemonProcess> {
  const folder = await mkdtemp(join(tmpdir(), "signpost-test-"));
  const configFile = join(folder, name);
  // It may hold keys.
  await writeFile(configFile, config.replaceAll("@FOLDER@", folder), { mode: 0o600 });
  return startIn(folder, configFile, options);
}

export interface StartOptions {
  /** RLIMIT_NOFILE. */
  readonly openFiles?: number;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Settles when it is up; unless given, when it says so on standard error. */
  readonly up?: () => Promise<unknown>;
}

/** Starts it (again) with a configuration that is there. */
export async function startIn(
  folder: string,
  configFile: string,
  { openFiles, env, up }: StartOptions = {},
): Promise<DaemonProcess> {
  const config = await readFile(configFile, "utf8");
  // Root stays root, as the test's folder is root's, unless the configuration names somebody.
  const user = config.includes("daemon_user:") ? [] : ["--user", "root"];
  const command = [process.execPath, main, "start", "--config", configFile, ...user];
  const limited = openFiles === undefined ? [] : ["sh", "-c", `ulimit -n ${openFiles}; exec "$@"`, "sh"];
  const [program = "", ...args] = [...limited, ...command];
  const child = spawn(program, args, {
    stdio: ["ignore", "ignore", "pipe"],
    // As `npm start` does it, but that its control socket is its own.
    env: { ...process.env, NODE_COMPILE_CACHE: compiled, JOURNAL_STREAM: "", RUNTIME_DIRECTORY: folder, ...env },
  });
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  const reader = createInterface({ input: child.stderr });
  reader.on("line", (text) => {
    lines.push(text);
    for (const listener of listeners) listener();
  });
  const exited = once(child, "exit");
  let ended = false;
  void exited.then(() => {
    ended = true;
    for (const listener of listeners) listener();
  });

  function line(text: string, from = 0): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = lines.slice(from).find((each) => each.includes(text));
        if (found === undefined && !ended) return;
        listeners.delete(look);
        if (found === undefined) reject(new Error(`ended without "${text}":\n${lines.join("\n")}`));
        else resolve(found);
      };
      listeners.add(look);
      look();
    });
  }

  const daemon: DaemonProcess = {
    process: child,
    pid: child.pid ?? 0,
    folder,
    configFile,
    lines,
    line,
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    },
    async peakBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      // proc(5): sets VmHWM to what is resident now.
      await writeFile(`/proc/${child.pid}/clear_refs`, "5");
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    },
    async stop() {
      if (!ended) child.kill("SIGTERM");
      const [code] = await exited;
      await rm(folder, { recursive: true, force: true });
      return code;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
  await (up === undefined ? line(" ready on ") : up());
  return daemon;
}

export interface TestKey {
  readonly pem: string;
  /** The TXT record's strings. */
  readonly record: readonly string[];
}

export function createTestKey(type: "rsa" | "ed25519"): TestKey {
  const { privateKey } =
    type === "rsa" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ed25519");
  const data = publicKeyData(privateKey);
  return {
    pem: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    record: [`v=DKIM1; k=${type}; p=`, ...(data.match(/.{1,200}/g) ?? [])],
  };
}

// opendkim as a milter that signs for example.com with selector "o" and verifies what comes from elsewhere, beside ours.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestKey } from "./daemon.ts";
import { generateMail } from "./generated-mail.ts";
import { createRandom } from "./random.ts";

/** Why it cannot be started here, or undefined. */
export async function opendkimMissing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "opendkim needs root to start";
  return promisify(execFile)("opendkim", ["-V"]).then(
    () => undefined,
    () => "opendkim is not installed",
  );
}

/**
 * Mails that both sign. White space before a colon is what libopendkim itself signs as nobody accepts it; no From, nobody
 * signs.
 */
export function mailsForBoth(count: number): readonly Buffer[] {
  const random = createRandom(1919);
  return Array.from({ length: 3 * count }, (_, id) => generateMail(random, id, "alice@example.com"))
    .filter(({ obsoleteColon, shape }) => !obsoleteColon && shape !== "only header" && shape !== "NUL")
    .slice(0, count)
    .map(({ octets }) => octets);
}

/**
 * @param socket "local:/path" or "inet:PORT@127.0.0.1"
 * @param inside the address whose mail it signs
 * @returns what ends it
 */
export async function startOpendkim(
  folder: string,
  key: TestKey,
  socket: string,
  inside: string,
): Promise<() => Promise<void>> {
  const file = (name: string) => join(folder, name);
  await chmod(folder, 0o755);
  await writeFile(file("key.pem"), key.pem, { mode: 0o600 });
  const record = key.record.join("");
  await writeFile(file("zone"), `s._domainkey.example.com ${record}\no._domainkey.example.com ${record}\n`);
  const lines = [
    ...["Syslog no", "Mode sv", "Domain example.com", "Selector o", `KeyFile ${file("key.pem")}`, "RequireSafeKeys no"],
    ...["Canonicalization relaxed/simple", `InternalHosts ${inside}`, "AuthservID opendkim.example"],
    ...["AlwaysAddARHeader yes", `TestDNSData ${file("zone")}`, `Socket ${socket}`],
  ];
  await writeFile(file("opendkim.conf"), `${lines.join("\n")}\n`);
  const child = spawn("opendkim", ["-f", "-x", file("opendkim.conf")], { stdio: "ignore" });
  const ended = once(child, "exit");
  const [, path, port] = /^(?:local:(.+)|inet:(\d+)@.*)$/.exec(socket) ?? [];
  await listening(path ?? Number(port));
  return async () => {
    child.kill("SIGTERM");
    await ended;
  };
}

async function listening(at: string | number): Promise<void> {
  for (;;) {
    const socket = typeof at === "string" ? connect(at) : connect(at, "127.0.0.1");
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Of the Authentication-Results that `host` put on: the results of DKIM, one a signature of example.com. */
export function dkimResults(octets: Buffer, host: string): readonly string[] {
  const [head = ""] = octets.toString("latin1").split("\r\n\r\n", 1);
  const lines = head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  return lines
    .filter((line) => line.startsWith(`Authentication-Results: ${host};`))
    .flatMap((field) => field.split(";").slice(1))
    .filter((part) => /header\.d=example\.com\b/.test(part))
    .map((part) => /dkim=(\w+)/.exec(part)?.[1] ?? part);
}

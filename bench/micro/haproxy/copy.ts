// What a mail costs HAProxy in TCP mode: its CPU between source and sink, on connections that are kept and on new ones,
// beside a bare RSA-2048 signature. `node bench/micro/haproxy/copy.ts`, with haproxy installed.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../test/support/free-port.ts";
import { referenceRsaMs, rsaSignMs } from "../../load/bare.ts";
import { startChild } from "../../load/child.ts";
import { measure, middle } from "../../load/measure.ts";
import { messageOf, onTheWire } from "../../messages.ts";

const cases = [
  { bytes: 10_000, messages: 3000, reuse: true },
  { bytes: 10_000, messages: 3000, reuse: false },
  { bytes: 1_000_000, messages: 100, reuse: true },
];

const children = [startChild(), startChild(), startChild()] as const;
const [sink, source, bare] = children;
const folder = mkdtempSync(join(tmpdir(), "signpost-haproxy-"));
const port = await freePort();
const file = join(folder, "haproxy.cfg");
writeFileSync(
  file,
  `defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
listen filter
    bind 127.0.0.1:${port}
    balance leastconn
    server one 127.0.0.1:${await sink.call("sink", { keep: false })}
`,
);
const haproxy = spawn("haproxy", ["-db", "-f", file], { stdio: "inherit" });
try {
  for (;;) {
    if (haproxy.exitCode !== null) throw new Error(`haproxy ended with ${haproxy.exitCode}`);
    const socket = connect({ host: "127.0.0.1", port });
    const up = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "close").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (up) break;
  }
  for (const { bytes, messages, reuse } of cases) {
    const rounds = [];
    for (let round = -1; round < 3; round += 1) {
      const before = await rsaSignMs(bare);
      const load = { port, content: onTheWire(messageOf(bytes)), messages, connections: 16, reuse };
      const result = await measure(source, haproxy.pid ?? 0, load);
      if (result.failed > 0) throw new Error(`${result.failed} mails failed`);
      const scale = (2 * referenceRsaMs) / (before + (await rsaSignMs(bare)));
      if (round >= 0) rounds.push({ ...result, processMs: result.processMs * scale });
    }
    console.log(
      `${bytes} octets, ${reuse ? "connections kept" : "a connection each"}: ${middle(rounds).processMs.toFixed(4)} ms, scaled`,
    );
  }
} finally {
  haproxy.kill("SIGKILL");
  for (const child of children) child.stop();
  rmSync(folder, { recursive: true, force: true });
}

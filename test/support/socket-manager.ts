// Does for the daemon what systemd does by a .socket unit: holds the listening sockets, never accepts, starts the daemon
// with them (sd_listen_fds(3)) and starts it again when it ended. In Python, as Node accepts wherever it listens.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface SocketManager {
  /** What the daemons wrote on standard error. */
  readonly lines: readonly string[];
  /** Resolves when so many daemons have said that they are ready, ever. */
  started(count: number): Promise<void>;
  /** SIGTERM to the daemon; a new one is started when it ended. */
  restart(): void;
  stop(): Promise<void>;
}

const program = `
import os, signal, socket, sys
count, command = int(sys.argv[1]), sys.argv[2 + int(sys.argv[1]):]
sockets = []
for port in sys.argv[2:2 + count]:
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(port))); s.listen(512); sockets.append(s)
over, child = False, 0
def end(*_):
    global over
    over = True
    os.kill(child, signal.SIGTERM)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGHUP, lambda *_: os.kill(child, signal.SIGTERM))
while not over:
    child = os.fork()
    if child == 0:
        high = [os.dup(s.fileno()) for s in sockets]
        high = [h if h > 20 else os.dup2(h, 40 + at) for at, h in enumerate(high)]
        for at, h in enumerate(high): os.dup2(h, 3 + at)
        os.closerange(3 + count, 100)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count))
        os.execv(command[0], command)
    os.waitpid(child, 0)
`;

export async function startSocketManager(
  ports: readonly number[],
  folder: string,
  configFile: string,
): Promise<SocketManager> {
  const main = join(import.meta.dirname, "../../src/cli/main.ts");
  const command = [process.execPath, main, "start", "--config", configFile, "--user", "root"];
  const child = spawn("python3", ["-c", program, String(ports.length), ...ports.map(String), ...command], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, RUNTIME_DIRECTORY: folder, JOURNAL_STREAM: "" },
  });
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.push(line);
    for (const watcher of watchers) watcher();
  });
  return {
    lines,
    started: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (lines.filter((line) => line.includes(" ready on ")).length < count) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    restart: () => void child.kill("SIGHUP"),
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

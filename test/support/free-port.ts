// Ports to listen on a little later, also in another process. The kernel's own picks (port 0, and every outgoing
// connection) lie above these, and a claim keeps other test files away as long as this process lives: so nobody gets in
// between. The claim is the UDP port of the same number, which nothing that asks here uses.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

const lowest = 10_240;
/** Where Linux begins to pick (net.ipv4.ip_local_port_range). */
const end = 32_768;

/** A free TCP port on 127.0.0.1, kept for this process until it ends. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (end - lowest));
    if ((await claimed(port)) && (await free(port))) return port;
  }
}

async function claimed(port: number): Promise<boolean> {
  const claim = createSocket("udp4").unref();
  claim.bind(port, "127.0.0.1");
  return settled(claim, () => claim.close());
}

async function free(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  if (!(await settled(server, () => {}))) return false;
  server.close();
  await once(server, "close");
  return true;
}

async function settled(socket: NodeJS.EventEmitter, failed: () => void): Promise<boolean> {
  try {
    await once(socket, "listening");
    return true;
  } catch {
    failed();
    return false;
  }
}

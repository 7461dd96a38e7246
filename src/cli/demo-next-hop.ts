// The demo's next hop: takes every mail and keeps it. Only the demo uses it.
import { buffer } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";

export interface DemoNextHop {
  readonly port: number;
  /** The next mail that comes in, as octets. */
  take(): Promise<Uint8Array>;
  close(): Promise<void>;
}

export async function startDemoNextHop(): Promise<DemoNextHop> {
  const mails: Uint8Array[] = [];
  let waiting: ((mail: Uint8Array) => void) | undefined;
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onData(stream, _session, callback) {
      buffer(stream).then((mail) => {
        if (waiting === undefined) mails.push(mail);
        else waiting(mail);
        waiting = undefined;
        callback(null, "queued as DEMO");
      }, callback);
    },
  });
  server.on("error", () => {});
  const port = await new Promise<number>((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    port,
    take() {
      const mail = mails.shift();
      return mail === undefined
        ? new Promise((resolve) => {
            waiting = resolve;
          })
        : Promise.resolve(mail);
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

// The other end of the relay's bench, a process of its own: takes mail as cheaply as Node can and keeps nothing.
import { createServer } from "node:net";

const ehlo =
  "250-sink\r\n250-PIPELINING\r\n250-XFORWARD NAME ADDR PORT PROTO HELO SOURCE IDENT\r\n250-DSN\r\n250 8BITMIME\r\n";

const server = createServer({ noDelay: true }, (socket) => {
  let inContent = false;
  let tail = "";
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    if (inContent) {
      tail = (tail + chunk.toString("latin1", Math.max(0, chunk.length - 5))).slice(-5);
      if (tail !== "\r\n.\r\n") return;
      inContent = false;
      socket.write("250 2.0.0 Ok: queued as SINK\r\n");
      return;
    }
    let replies = "";
    for (const line of chunk.toString("latin1").split("\r\n")) {
      if (line === "") continue;
      if (line.startsWith("EHLO")) replies += ehlo;
      else if (line === "QUIT") replies += "221 2.0.0 Bye\r\n";
      else if (line === "DATA") {
        replies += "354 go\r\n";
        inContent = true;
        tail = "";
      } else replies += "250 2.0.0 Ok\r\n";
    }
    socket.write(replies);
  });
  socket.write("220 sink\r\n");
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.(address !== null && typeof address === "object" ? address.port : 0);
});

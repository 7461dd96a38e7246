// Replies and commands of one turn of the event loop leave together at its end: a peer that would be woken for each of
// them is woken once, which is the dearest part of a short write.

/** The part of a socket that matters here. */
export interface Corkable {
  readonly writableCorked: number;
  cork(): void;
  uncork(): void;
}

let held: Corkable[] = [];

/** What is written to `socket` in this turn, from here on, leaves when the turn's other events have been seen to. */
export function holdForTurn(socket: Corkable): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  if (held.length === 0) setImmediate(release);
  held.push(socket);
}

function release(): void {
  const sockets = held;
  held = [];
  for (const socket of sockets) socket.uncork();
}

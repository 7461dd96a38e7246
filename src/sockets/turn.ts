// Replies and commands of one turn of the event loop leave together at its end: a peer that would be woken for each of
// them is woken once, which is the dearest part of a short write.

/** The part of a socket that matters here. */
export interface Corkable {
  readonly writableCorked: number;
  cork(): void;
  uncork(): void;
}

let held: Corkable[] = [];
let later: (() => void)[] = [];

/** What is written to `socket` in this turn, from here on, leaves when the turn's other events have been seen to. */
export function holdForTurn(socket: Corkable): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  planRelease();
  held.push(socket);
}

/** `work` is done once all that was written in this turn has left and the next turn's input was seen to; in the order of the calls. */
export function afterTurn(work: () => void): void {
  planRelease();
  later.push(work);
}

function planRelease(): void {
  if (held.length === 0 && later.length === 0) setImmediate(release);
}

function release(): void {
  const sockets = held;
  const works = later;
  held = [];
  later = [];
  for (const socket of sockets) socket.uncork();
  for (const work of works) setImmediate(work);
}

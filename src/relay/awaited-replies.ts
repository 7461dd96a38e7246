// The replies that one connection waits for: how many, how long each may take, which of them must not come early.
// Octets and sockets are left to connection.ts.
import { formatReply, isPositive, type Reply } from "../smtp/reply.ts";
import { ReplyReader } from "../smtp/reply-reader.ts";

/** Why a connection cannot be used any more. */
export type ConnectionFailure =
  | { readonly kind: "connect"; readonly detail: string }
  | { readonly kind: "timeout" }
  /** Ended or reset by the other side. */
  | { readonly kind: "closed"; readonly detail: string }
  /** 421, or a reply to no command. */
  | { readonly kind: "refused"; readonly reply: Reply }
  | { readonly kind: "garbage"; readonly detail: string }
  /** TLS or a login is demanded and failed; `enhanced` is RFC 3463's code for it. */
  | { readonly kind: "security"; readonly enhanced: string; readonly detail: string }
  /** Ended by us. */
  | { readonly kind: "dropped" };

/** What came back for one write. Without `failure` there are as many replies as were asked for. */
export interface Exchange {
  readonly replies: readonly Reply[];
  readonly failure: ConnectionFailure | undefined;
  /** Content was being sent and not all of it is out. */
  readonly cutOff?: true;
}

/** How long replies may take: each of them, and the last where it has its own time (DATA). */
export interface Patience {
  readonly eachMs: number;
  readonly lastMs: number;
}

/** The connection that the replies come from. */
export interface ReplySource {
  readonly failure: ConnectionFailure | undefined;
  /** Octets were written that the system has not taken yet. */
  readonly hasUnsent: boolean;
  /** Starts the time that the next reply has. */
  setDeadline(timeoutMs: number): void;
  /** Nothing is awaited any more. */
  clearDeadline(): void;
  fail(failure: ConnectionFailure): void;
  /** Ends the connection at once. */
  drop(): void;
}

interface Awaited {
  readonly replies: Reply[];
  readonly count: number;
  readonly patience: Patience;
  /** From this reply on they are about content: none may come before all of it is out. */
  readonly contentFrom: number;
  readonly resolve: (exchange: Exchange) => void;
}

export class AwaitedReplies {
  readonly #source: ReplySource;
  readonly #reader = new ReplyReader();
  #awaited: Awaited | undefined;
  /** Replies that are still to come and are thrown away. */
  #unasked = 0;

  constructor(source: ReplySource) {
    this.#source = source;
  }

  /** The lines of the last reply, without their codes. */
  get lines(): readonly string[] {
    return this.#reader.lines;
  }

  /** All that arrived has been made into replies. */
  get isAllRead(): boolean {
    return this.#reader.isEmpty;
  }

  /** How long the replies may take that are awaited now; undefined where there are none. */
  get patience(): Patience | undefined {
    return this.#awaited?.patience;
  }

  /**
   * Waits for `count` replies. Never rejects.
   * @param contentFrom from this reply on they are about content
   */
  expect(count: number, patience: Patience, contentFrom = count): Promise<Exchange> {
    return new Promise((resolve) => {
      const { failure } = this.#source;
      if (failure !== undefined) {
        resolve({ replies: [], failure });
        return;
      }
      this.#awaited = { replies: [], count, patience, contentFrom, resolve };
      this.#source.setDeadline(count === 1 ? patience.lastMs : patience.eachMs);
    });
  }

  /** One more reply will come that is thrown away; one that is not positive fails the connection. */
  expectUnasked(): void {
    this.#unasked += 1;
  }

  /** The connection has failed: who waits gets what has come. */
  end(failure: ConnectionFailure): void {
    const awaited = this.#awaited;
    this.#awaited = undefined;
    awaited?.resolve({ replies: awaited.replies, failure });
  }

  /** Takes what arrived, one character per octet. */
  read(text: string): void {
    this.#reader.push(text);
    while (this.#source.failure === undefined) {
      const reply = this.#reader.next();
      if (reply === undefined) break;
      if ("garbage" in reply) this.#source.fail({ kind: "garbage", detail: reply.garbage });
      else this.#take(reply);
    }
  }

  #take(reply: Reply): void {
    if (this.#unasked > 0 && reply.code !== 421) {
      this.#unasked -= 1;
      // RSET refused: the mail before is still open there, and what is said to the next one would be about that.
      if (!isPositive(reply)) this.#source.fail({ kind: "garbage", detail: `${formatReply(reply)} to RSET` });
      return;
    }
    const awaited = this.#awaited;
    // RFC 5321 section 3.8: 421 may come at any time and means that nothing else will.
    if (awaited === undefined || reply.code === 421) {
      this.#source.fail({ kind: "refused", reply });
      return;
    }
    const early = awaited.replies.length >= awaited.contentFrom && this.#source.hasUnsent;
    if (early && isPositive(reply)) {
      // It replied before it can have read the content: this reply counts for no recipient.
      awaited.replies.length = awaited.contentFrom;
      this.#source.fail({ kind: "garbage", detail: `${formatReply(reply)} before the end of the content` });
      return;
    }
    awaited.replies.push(reply);
    const missing = awaited.count - awaited.replies.length;
    if (missing > 0) {
      this.#source.setDeadline(missing === 1 ? awaited.patience.lastMs : awaited.patience.eachMs);
      return;
    }
    this.#awaited = undefined;
    // Nothing is awaited now: what we do next has no deadline.
    this.#source.clearDeadline();
    awaited.resolve({ replies: awaited.replies, failure: undefined });
    // The memory of what it did not read is about to be used for other mail.
    if (early) this.#source.drop();
  }
}

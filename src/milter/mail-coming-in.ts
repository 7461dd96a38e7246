// One mail on its way in: envelope, header and body are collected as the MTA sends them, and the flow's decision becomes packets.
import type { ClientFacts, Envelope, ListenerName, Path, Session, Transaction } from "../mail/transaction.ts";
import { type RefusalCause, refusalCause } from "../smtp/refusal.ts";
import type { Reply } from "../smtp/reply.ts";
import { answerTo, type MilterVerdict, missingFor, replyPacket } from "./changes.ts";
import type { MilterHandlers, MilterIntake, MilterMail, MilterObserver, MilterReceived } from "./handlers.ts";
import type { Agreed } from "./negotiate.ts";

export interface MailNeeds {
  readonly listener: ListenerName;
  /** Of the connection. */
  readonly logId: string;
  readonly peer: Session["peer"];
  readonly client: ClientFacts;
  readonly handlers: MilterHandlers;
  readonly observer: MilterObserver;
  /** Recipients of one mail at most; a mail with more is put off. */
  readonly maxRecipients: number;
  readonly agreed: Agreed;
  /** There is too much to do: nothing of the mail is kept, and this is said at its end. */
  readonly refusal: Reply | undefined;
  /** Who the mail comes from, asked once its header is in: the MTA may say more of it on the way. */
  session(): Session;
}

const emptyLine = Buffer.from("\r\n");
const [colon, space, carriageReturn, lineFeed] = [0x3a, 0x20, 0x0d, 0x0a];
const trouble: Reply = { code: 451, enhanced: "4.3.0", text: "Error in processing" };
const tooManyRecipients: Reply = { code: 452, enhanced: "4.5.3", text: "Too many recipients" };
const cannotChange: Reply = { code: 451, enhanced: "4.3.5", text: "The MTA lets its filter change too little" };

export class MailComingIn {
  readonly #needs: MailNeeds;
  readonly #sender: Path;
  readonly #recipients: Path[] = [];
  #intake: MilterIntake | undefined;
  /** Set once the header is in. */
  #begun: { readonly session: Session; readonly envelope: Envelope; readonly incoming: MilterMail } | undefined;

  constructor(sender: Path, needs: MailNeeds) {
    this.#sender = sender;
    this.#needs = needs;
  }

  addRecipient(recipient: Path): void {
    // One more than is taken shows that there are too many, and the list stays short.
    if (this.#recipients.length <= this.#needs.maxRecipients) this.#recipients.push(recipient);
  }

  /** SMFIC_HEADER: name, NUL, value, NUL. */
  addField(data: Buffer): void {
    const nameEnd = data.indexOf(0);
    if (nameEnd === -1) throw new Error("a header field without a value");
    const end = data.indexOf(0, nameEnd + 1);
    const field = writeField(data, nameEnd, end === -1 ? data.length : end, this.#needs.agreed.leadingSpace);
    this.addOctets(field);
  }

  endHeader(): void {
    this.addOctets(emptyLine);
  }

  addOctets(octets: Buffer): void {
    if (this.#needs.refusal !== undefined) return;
    this.#opened.take(octets, 0, octets.length);
  }

  /** Octets of it are in, and its end is not. */
  get isUnderWay(): boolean {
    return this.#intake !== undefined;
  }

  /** Tells of a mail that goes no further, with all that is known of it. Without a reply the MTA is left without a word. */
  tellRefused(cause: RefusalCause, reply?: Reply): void {
    const { observer, listener, logId, peer, client } = this.#needs;
    observer.refused?.({
      cause,
      listener,
      logId: this.#begun?.session.id ?? logId,
      peer: peer.address,
      ...(client.address === undefined ? {} : { client: client.address }),
      sender: this.#sender.address,
      recipients: this.#recipients.map(({ address }) => address),
      ...(this.#intake === undefined ? {} : { sizeBytes: this.#intake.sizeBytes }),
      ...(reply === undefined ? {} : { reply }),
    });
  }

  /** Resolves when more octets may come; undefined when they may at once. */
  pressure(): Promise<void> | undefined {
    return this.#intake?.pressure();
  }

  /** The mail is in: the packets that answer it. Never rejects for what mail or flow cause. */
  async judge(): Promise<readonly Buffer[]> {
    const { handlers, observer, listener, logId, maxRecipients, refusal } = this.#needs;
    if (refusal !== undefined) return this.#refused(refusalCause(refusal, "MAIL"), refusal);
    const intake = this.#opened;
    if (this.#recipients.length > maxRecipients) return this.#refused("recipients", tooManyRecipients);
    const received = await intake.finish();
    observer.messageReceived?.(listener, intake.sizeBytes, intake.failure);
    const begun = this.#begun;
    if (received === undefined || begun === undefined) {
      if (intake.error !== undefined) {
        observer.trouble?.(intake.failure === "storage" ? "storage" : "handler", intake.error, logId);
      }
      const cause = intake.failure === undefined || intake.failure === "gone" ? "trouble" : intake.failure;
      return this.#refused(cause, handlers.failureReply(listener, intake, begun?.session.id ?? logId));
    }
    const { session, envelope, incoming } = begun;
    if (received.message.body.kind === "spool") observer.messageSpooled?.(listener, intake.sizeBytes);
    try {
      return this.#packetsOf(await incoming.onMessage(transactionOf(session, envelope, received)), received);
    } catch (error) {
      observer.trouble?.("handler", error, session.id);
      return [replyPacket({ ...trouble, text: `${trouble.text}, id=${session.id}` })];
    }
  }

  #refused(cause: RefusalCause, reply: Reply): readonly Buffer[] {
    this.tellRefused(cause, reply);
    return [replyPacket(reply)];
  }

  /** It was answered: what was held for it is given back. */
  release(): void {
    this.#intake?.release();
  }

  /** It will not come to its end. */
  drop(): void {
    if (this.#intake === undefined) return;
    this.#intake.fail("gone");
    this.#needs.observer.messageAborted?.(this.#needs.listener);
  }

  get #opened(): MilterIntake {
    this.#intake ??= this.#open();
    return this.#intake;
  }

  #open(): MilterIntake {
    const { handlers, listener } = this.#needs;
    return handlers.openIntake(listener, (head) => {
      const session = this.#needs.session();
      const envelope: Envelope = { sender: this.#sender, recipients: this.#recipients };
      const incoming = handlers.onHead(session, envelope, head);
      this.#begun = { session, envelope, incoming };
      return incoming.digestSpecs;
    });
  }

  #packetsOf(verdict: MilterVerdict, { message }: MilterReceived): readonly Buffer[] {
    const { agreed, observer, logId } = this.#needs;
    const missing = missingFor(verdict, agreed);
    if (missing.length === 0) return answerTo(verdict, message, agreed);
    observer.trouble?.("handler", new Error(`the MTA does not grant: ${missing.join(", ")}`), logId);
    return [replyPacket(cannotChange)];
  }
}

/** One field at a time is written here; it is copied before the next one comes. Few are longer. */
const usual = Buffer.allocUnsafe(16_384);

/**
 * A field as it stands in a mail, from a packet's data. MTAs keep lines with LF alone; on the wire, and in what is signed,
 * they end in CRLF. Octets are copied, not made text and back: there are twenty and more fields in a mail.
 */
function writeField(data: Buffer, nameEnd: number, end: number, leadingSpace: boolean): Buffer {
  // Each LF may get a CR.
  const most = 2 * end + 4;
  const written = most <= usual.length ? usual : Buffer.allocUnsafe(most);
  let fill = data.copy(written, 0, 0, nameEnd);
  written[fill++] = colon;
  if (!leadingSpace && end > nameEnd + 1) written[fill++] = space;
  let from = nameEnd + 1;
  for (let lf = data.indexOf(lineFeed, from); lf !== -1 && lf < end; lf = data.indexOf(lineFeed, from)) {
    fill += data.copy(written, fill, from, lf);
    if (written[fill - 1] !== carriageReturn) written[fill++] = carriageReturn;
    written[fill++] = lineFeed;
    from = lf + 1;
  }
  fill += data.copy(written, fill, from, end);
  written[fill++] = carriageReturn;
  written[fill++] = lineFeed;
  return written.subarray(0, fill);
}

function transactionOf(session: Session, envelope: Envelope, { message, digests }: MilterReceived): Transaction {
  const arrived = { session, envelope, message, receivedAtMs: Date.now(), arrivedMs: performance.now() };
  return digests === undefined ? arrived : { ...arrived, digests };
}

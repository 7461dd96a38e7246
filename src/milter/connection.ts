// One connection of an MTA: packets in, the steps of a mail followed, the message collected, the flow's word sent back as
// changes and a last word. Several mails come one after the other; several sessions too (SMFIC_QUIT_NC).
import type { Socket } from "node:net";
import type { ClientFacts, Envelope, ListenerName, Path, Session, Transaction } from "../mail/transaction.ts";
import type { Reply } from "../smtp/reply.ts";
import { answerTo, type MilterVerdict, missingFor, replyPacket } from "./changes.ts";
import { readClient, readPath } from "./client.ts";
import type { MilterHandlers, MilterIntake, MilterMail, MilterObserver, MilterReceived } from "./handlers.ts";
import { createMacros } from "./macros.ts";
import { type Agreed, negotiate } from "./negotiate.ts";
import { type Packet, PacketReader, packet, strings } from "./packet.ts";

export interface MilterConnectionNeeds {
  readonly listener: ListenerName;
  readonly logId: string;
  readonly handlers: MilterHandlers;
  readonly observer: MilterObserver;
  /** Silence after which the connection is given up, in milliseconds. */
  readonly idleMs: number;
  /** Recipients of one mail at most; a mail with more is put off. */
  readonly maxRecipients: number;
}

/** One mail on its way in. */
interface MailComingIn {
  readonly sender: Path;
  readonly recipients: Path[];
  session: Session | undefined;
  envelope: Envelope | undefined;
  intake: MilterIntake | undefined;
  incoming: MilterMail | undefined;
}

const continues = packet("c");
const emptyLine = Buffer.from("\r\n");
const trouble: Reply = { code: 451, enhanced: "4.3.0", text: "Error in processing" };
const tooManyRecipients: Reply = { code: 452, enhanced: "4.5.3", text: "Too many recipients" };
const cannotChange: Reply = { code: 451, enhanced: "4.3.5", text: "The MTA lets its filter change too little" };

export class MilterConnection {
  readonly #needs: MilterConnectionNeeds;
  readonly #socket: Socket;
  readonly #reader = new PacketReader();
  readonly #macros = createMacros();
  #agreed: Agreed | undefined;
  #client: ClientFacts = {};
  #helo = "";
  #mail: MailComingIn | undefined;
  #mails = 0;
  /** The flow has the mail, or the disk is to catch up: nothing is read meanwhile. */
  #waits = false;
  /** Octets that came meanwhile. */
  #kept: Buffer | undefined;
  #ended = false;
  #closing = false;
  /** The mail under way is the last one. */
  #isLast = false;

  constructor(socket: Socket, needs: MilterConnectionNeeds) {
    this.#socket = socket;
    this.#needs = needs;
    const { observer, listener, logId, idleMs } = needs;
    socket.on("error", (error) => observer.trouble?.("socket", error, logId));
    socket.on("close", () => {
      this.#closing = true;
      if (!this.#waits) this.#abandon();
      observer.connectionClosed?.(listener);
    });
    // A mail that the flow has may take its time; a silent MTA may not.
    socket.setTimeout(idleMs, () => {
      if (!this.#waits) this.close();
    });
    socket.on("data", (chunk: Buffer) => this.#input(chunk));
    socket.on("end", () => {
      this.#ended = true;
      if (!this.#waits) this.close();
    });
    observer.connectionOpened?.(listener);
  }

  /** True while a mail is under way. */
  get inTransaction(): boolean {
    return this.#mail !== undefined;
  }

  /** No further mail on this connection; one that is under way gets its answer first. */
  shutDown(): void {
    this.#isLast = true;
    if (!this.inTransaction) this.close();
  }

  close(): void {
    this.#closing = true;
    this.#socket.end();
    this.#socket.destroySoon();
  }

  cutOff(): void {
    this.#socket.destroy();
  }

  #input(chunk: Buffer): void {
    if (this.#closing) return;
    if (this.#waits) {
      this.#kept = this.#kept === undefined ? Buffer.from(chunk) : Buffer.concat([this.#kept, chunk]);
      this.#socket.pause();
      return;
    }
    this.#work(chunk);
  }

  #work(octets: Buffer): void {
    try {
      const { valid, rest } = this.#reader.feed(octets, (one) => this.#take(one));
      if (!valid) throw new Error("not a milter packet");
      if (rest < octets.length) this.#kept = Buffer.from(octets.subarray(rest));
    } catch (error) {
      this.#broken(error);
    }
  }

  /** What the peer or a bug of ours spoiled: without an answer the MTA does as milter_default_action says. */
  #broken(error: unknown): void {
    const { observer, logId } = this.#needs;
    observer.trouble?.("handler", error, logId);
    this.#abandon();
    this.close();
  }

  #pause(until: Promise<unknown>): void {
    this.#waits = true;
    until.then(
      () => this.#resume(),
      (error) => {
        this.#waits = false;
        this.#broken(error);
      },
    );
  }

  #resume(): void {
    this.#waits = false;
    if (this.#socket.destroyed) {
      this.#abandon();
      return;
    }
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) this.#work(kept);
    if (this.#waits) return;
    if (this.#ended) this.close();
    else this.#socket.resume();
  }

  /** Returns whether to go on with the next packet. */
  #take({ command, data }: Packet): boolean {
    if (this.#closing) return true;
    if (command === "O") return this.#negotiate(data);
    if (this.#agreed === undefined) throw new Error(`"${command}" before the options`);
    switch (command) {
      case "D":
        this.#macros.define(String.fromCharCode(data[0] ?? 0), strings(data.subarray(1)));
        return true;
      case "C":
        this.#client = readClient(data);
        break;
      case "H":
        this.#helo = strings(data)[0] ?? "";
        break;
      case "M":
        return this.#beginMail(data);
      case "R":
        this.#recipient(data);
        break;
      case "L":
        this.#header(data);
        break;
      case "N":
        this.#endOfHeader();
        break;
      case "B":
        return this.#body(data);
      case "E":
        return this.#endOfMessage(data);
      case "A":
        this.#abandon();
        return true;
      case "K":
        this.#abandon();
        this.#newSession();
        return true;
      case "Q":
        this.close();
        return true;
      case "T":
      case "U":
        break;
      default:
        throw new Error(`unknown packet "${command}"`);
    }
    this.#goOn(command);
    return true;
  }

  #negotiate(data: Buffer): boolean {
    const agreed = negotiate(data);
    if (agreed === undefined) throw new Error("no common version of the milter protocol");
    this.#agreed = agreed;
    this.#send(packet("O", agreed.answer));
    return true;
  }

  #newSession(): void {
    this.#macros.clear();
    this.#client = {};
    this.#helo = "";
  }

  /** The answer to a step that has nothing to say. */
  #goOn(command: string): void {
    if (this.#agreed?.isAnswered(command) !== false) this.#send(continues);
  }

  #beginMail(data: Buffer): boolean {
    this.#drop();
    this.#macros.beginMail();
    const refusal = this.#needs.handlers.admit();
    if (refusal !== undefined) {
      this.#send(replyPacket(refusal));
      return true;
    }
    this.#mail = {
      sender: readPath(strings(data)),
      recipients: [],
      session: undefined,
      envelope: undefined,
      intake: undefined,
      incoming: undefined,
    };
    this.#goOn("M");
    return true;
  }

  #recipient(data: Buffer): void {
    const { recipients } = this.#current();
    // One more than is taken shows that there are too many, and the list stays short.
    if (recipients.length <= this.#needs.maxRecipients) recipients.push(readPath(strings(data)));
  }

  #header(data: Buffer): void {
    const end = data.indexOf(0);
    if (end === -1) throw new Error("a header field without a value");
    const valueEnd = data.indexOf(0, end + 1);
    const value = data.toString("latin1", end + 1, valueEnd === -1 ? data.length : valueEnd);
    const blank = this.#agreed?.leadingSpace === true || value === "" ? "" : " ";
    const name = data.toString("latin1", 0, end);
    // MTAs keep lines with LF alone; on the wire, and in what is signed, they end in CRLF.
    const lines = value.includes("\n") ? value.replace(/\r?\n/g, "\r\n") : value;
    this.#octets(Buffer.from(`${name}:${blank}${lines}\r\n`, "latin1"));
  }

  #endOfHeader(): void {
    this.#octets(emptyLine);
  }

  #body(data: Buffer): boolean {
    this.#octets(data);
    this.#goOn("B");
    const pressure = this.#current().intake?.pressure();
    if (pressure === undefined) return true;
    this.#pause(pressure);
    return false;
  }

  #octets(octets: Buffer): void {
    const mail = this.#current();
    mail.intake ??= this.#openIntake(mail);
    mail.intake.take(octets, 0, octets.length);
  }

  #current(): MailComingIn {
    if (this.#mail === undefined) throw new Error("no mail was begun");
    return this.#mail;
  }

  #openIntake(mail: MailComingIn): MilterIntake {
    const { handlers, listener } = this.#needs;
    return handlers.openIntake(listener, (head) => {
      this.#mails += 1;
      mail.session = this.#session();
      mail.envelope = { sender: mail.sender, recipients: mail.recipients };
      mail.incoming = handlers.onHead(mail.session, mail.envelope, head);
      return mail.incoming.digestSpecs;
    });
  }

  #session(): Session {
    const { listener, logId } = this.#needs;
    const { remoteAddress: address = "", remotePort: port = 0 } = this.#socket;
    const queueId = this.#macros.get("i");
    const daemonName = this.#macros.get("daemon_name");
    const authenticated = (this.#macros.get("auth_type") ?? "") !== "";
    return {
      id: this.#mails === 1 ? logId : `${logId}-${this.#mails}`,
      listener,
      peer: { address, port },
      helo: this.#macros.get("j") ?? "",
      protocol: "ESMTP",
      client: {
        ...this.#client,
        ...(this.#helo === "" ? {} : { helo: this.#helo }),
        ...(queueId === undefined ? {} : { ident: queueId }),
      },
      ...(authenticated ? { authenticated } : {}),
      ...(daemonName === undefined ? {} : { daemonName }),
    };
  }

  #endOfMessage(data: Buffer): boolean {
    const mail = this.#current();
    if (data.length > 0) this.#octets(data);
    mail.intake ??= this.#openIntake(mail);
    if (mail.recipients.length > this.#needs.maxRecipients) {
      this.#answer(mail, [replyPacket(tooManyRecipients)]);
      return true;
    }
    this.#pause(this.#judge(mail, mail.intake));
    return false;
  }

  async #judge(mail: MailComingIn, intake: MilterIntake): Promise<void> {
    const { handlers, observer, listener, logId } = this.#needs;
    const received = await intake.finish();
    observer.messageReceived?.(listener, intake.sizeBytes, intake.failure);
    const { session, envelope, incoming } = mail;
    if (received === undefined || session === undefined || envelope === undefined || incoming === undefined) {
      if (intake.error !== undefined) {
        observer.trouble?.(intake.failure === "storage" ? "storage" : "handler", intake.error, logId);
      }
      this.#answer(mail, [replyPacket(handlers.failureReply(intake, session?.id ?? logId))]);
      return;
    }
    const { message } = received;
    if (message.body.kind === "spool") observer.messageSpooled?.(listener, intake.sizeBytes);
    let packets: readonly Buffer[];
    try {
      const verdict = await incoming.onMessage(transactionOf(session, envelope, received));
      packets = this.#packetsOf(verdict, received);
    } catch (error) {
      observer.trouble?.("handler", error, session.id);
      packets = [replyPacket({ ...trouble, text: `${trouble.text}, id=${session.id}` })];
    }
    this.#answer(mail, packets);
  }

  #packetsOf(verdict: MilterVerdict, { message }: MilterReceived): readonly Buffer[] {
    const agreed = this.#agreed;
    if (agreed === undefined) throw new Error("no options were agreed on");
    const missing = missingFor(verdict, agreed);
    if (missing.length === 0) return answerTo(verdict, message.fields, agreed);
    const { observer, logId } = this.#needs;
    observer.trouble?.("handler", new Error(`the MTA does not grant: ${missing.join(", ")}`), logId);
    return [replyPacket(cannotChange)];
  }

  #answer(mail: MailComingIn, packets: readonly Buffer[]): void {
    mail.intake?.release();
    this.#mail = undefined;
    this.#macros.endMail();
    if (this.#socket.writable) this.#send(packets.length === 1 ? (packets[0] ?? continues) : Buffer.concat(packets));
    if (this.#isLast) this.close();
  }

  /** A mail that will not come to its end: everything held for it is given back. */
  #abandon(): void {
    this.#drop();
    this.#macros.endMail();
  }

  #drop(): void {
    const mail = this.#mail;
    this.#mail = undefined;
    if (mail === undefined) return;
    mail.intake?.fail("gone");
    if (mail.intake !== undefined) this.#needs.observer.messageAborted?.(this.#needs.listener);
    if (this.#isLast) this.close();
  }

  #send(octets: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(octets);
  }
}

function transactionOf(session: Session, envelope: Envelope, { message, digests }: MilterReceived): Transaction {
  const arrived = { session, envelope, message, receivedAtMs: Date.now(), arrivedMs: performance.now() };
  return digests === undefined ? arrived : { ...arrived, digests };
}

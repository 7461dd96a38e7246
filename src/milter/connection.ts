// One connection of an MTA: packets in, the steps of sessions and mails followed, answers out. Several mails come one after the other; several sessions too (SMFIC_QUIT_NC).
import type { Socket } from "node:net";
import type { ClientFacts, ListenerName, Session } from "../mail/transaction.ts";
import { refusalCause } from "../smtp/refusal.ts";
import { DirectSocket } from "../sockets/direct-socket.ts";
import { replyPacket } from "./changes.ts";
import { readClient, readPath } from "./client.ts";
import type { MilterHandlers, MilterObserver } from "./handlers.ts";
import { createMacros } from "./macros.ts";
import { MailComingIn } from "./mail-coming-in.ts";
import { type Agreed, negotiate } from "./negotiate.ts";
import { type Packet, PacketReader, packet, strings } from "./packet.ts";

export interface MilterConnectionNeeds {
  /** Asked for each mail: a reload may give the place another bank. */
  readonly listener: ListenerName;
  readonly logId: string;
  /** The MTA's end of the connection; "" and 0 by a unix socket. */
  readonly peer: { readonly address: string; readonly port: number };
  readonly handlers: MilterHandlers;
  readonly observer: MilterObserver;
  /** Silence after which the connection is given up, in milliseconds, and within a message. */
  readonly idleMs: number;
  readonly stalledMs: number;
  /** Recipients of one mail at most; a mail with more is put off. */
  readonly maxRecipients: number;
}

const continues = packet("c");
/** SMFIR_PROGRESS: the MTA waits on. */
const stillAtIt = packet("p");
/** Postfix waits 5 minutes for the answer to a mail (milter_content_timeout), sendmail as long where it is set up as documented. */
const progressMs = 60_000;

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
  /** The flow has the mail. */
  #judges = false;
  /** Octets that came meanwhile. */
  #kept: Buffer | undefined;
  #ended = false;
  #closing = false;
  /** The mail under way is the last one. */
  #isLast = false;
  /** How long nothing has come, as of the last look, and octets read by then. */
  #silentMs = 0;
  #readBefore = 0;

  constructor(socket: Socket, needs: MilterConnectionNeeds) {
    this.#socket = socket;
    this.#needs = needs;
    const { observer, listener, logId, idleMs, stalledMs } = needs;
    socket.on("error", (error) => observer.trouble?.("socket", error, logId));
    socket.on("close", () => {
      this.#closing = true;
      if (!this.#waits) this.#abandon();
      observer.connectionClosed?.(listener);
    });
    // One timer for all: nothing has to be done for it with each mail.
    const stepMs = Math.min(idleMs, Math.ceil(stalledMs / Math.ceil(stalledMs / progressMs)));
    socket.setTimeout(stepMs);
    socket.on("timeout", () => this.#silent(stepMs));
    // What was read is copied or done with when #input returns: a socket may read all into one buffer.
    if (socket instanceof DirectSocket) socket.onOctets = (octets) => this.#input(octets);
    else {
      socket.on("data", (octets: Buffer) => {
        if (!this.#input(octets)) socket.pause();
      });
      socket.resume();
    }
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

  /** A mail that the flow has may take its time; an MTA that stops in the middle of one holds memory for it. */
  #silent(forMs: number): void {
    const { idleMs, stalledMs } = this.#needs;
    const { bytesRead } = this.#socket;
    this.#silentMs = this.#waits ? 0 : bytesRead === this.#readBefore ? this.#silentMs + forMs : forMs;
    this.#readBefore = bytesRead;
    if (this.#judges) this.#send(stillAtIt);
    const stalled = this.#mail?.isUnderWay === true ? this.#mail : undefined;
    if (this.#waits || this.#silentMs < (stalled === undefined ? idleMs : stalledMs)) {
      this.#socket.setTimeout(forMs);
      return;
    }
    stalled?.tellRefused("timeout");
    this.close();
  }

  /** Returns whether to read on. */
  #input(octets: Buffer): boolean {
    if (this.#closing) return true;
    if (this.#waits) {
      this.#kept = this.#kept === undefined ? Buffer.from(octets) : Buffer.concat([this.#kept, octets]);
      return false;
    }
    this.#work(octets);
    return true;
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
  #take({ command, data, more }: Packet): boolean {
    if (this.#closing) return true;
    if (command === "O") return this.#negotiate(data);
    if (this.#agreed === undefined) throw new Error(`"${command}" before the options`);
    switch (command) {
      case "D":
        this.#define(data);
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
        this.#current().addRecipient(readPath(strings(data)));
        break;
      case "L":
        this.#current().addField(data);
        break;
      case "N":
        this.#current().endHeader();
        break;
      case "B":
        return this.#body(data, more);
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
        this.#quit();
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

  /** The MTA reads nothing any more: with nothing left to write the connection is closed at once. */
  #quit(): void {
    if (this.#socket.writableLength > 0 || this.inTransaction) {
      this.close();
      return;
    }
    this.#closing = true;
    this.#socket.destroy();
  }

  #newSession(): void {
    this.#macros.clear();
    this.#client = {};
    this.#helo = "";
  }

  /** Postfix says the queue id again before each field and piece of the body: it is known by then. */
  #define(data: Buffer): void {
    const step = String.fromCharCode(data[0] ?? 0);
    if (step !== "L" && step !== "B" && step !== "E") this.#macros.define(step, data.toString("latin1", 1));
  }

  /** The answer to a step that has nothing to say. */
  #goOn(command: string): void {
    if (this.#agreed?.isAnswered(command) !== false) this.#send(continues);
  }

  #beginMail(data: Buffer): boolean {
    this.#drop();
    this.#macros.beginMail();
    const agreed = this.#agreed;
    if (agreed === undefined) throw new Error("no options were agreed on");
    const refusal = this.#needs.handlers.admit();
    const mail = new MailComingIn(readPath(strings(data)), {
      ...this.#needs,
      client: this.#client,
      agreed,
      refusal,
      session: () => {
        this.#mails += 1;
        return this.#session();
      },
    });
    if (refusal !== undefined && agreed.isAnswered("M")) {
      mail.tellRefused(refusalCause(refusal, "MAIL"), refusal);
      this.#send(replyPacket(refusal));
      return true;
    }
    this.#mail = mail;
    this.#goOn("M");
    return true;
  }

  #body(data: Buffer, more: boolean): boolean {
    const mail = this.#current();
    mail.addOctets(data);
    if (!more) this.#goOn("B");
    const pressure = mail.pressure();
    if (pressure === undefined) return true;
    this.#pause(pressure);
    return false;
  }

  #current(): MailComingIn {
    if (this.#mail === undefined) throw new Error("no mail was begun");
    return this.#mail;
  }

  #session(): Session {
    const { listener, logId, peer } = this.#needs;
    const queueId = this.#macros.get("i");
    const daemonName = this.#macros.get("daemon_name");
    const authenticated = (this.#macros.get("auth_type") ?? "") !== "";
    return {
      id: this.#mails === 1 ? logId : `${logId}-${this.#mails}`,
      listener,
      peer,
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
    if (data.length > 0) mail.addOctets(data);
    this.#judges = true;
    this.#pause(mail.judge().then((packets) => this.#answer(mail, packets)));
    return false;
  }

  #answer(mail: MailComingIn, packets: readonly Buffer[]): void {
    this.#judges = false;
    mail.release();
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
    mail.drop();
    if (this.#isLast) this.close();
  }

  #send(octets: Buffer): void {
    if (!this.#socket.writable) return;
    this.#socket.write(octets);
  }
}

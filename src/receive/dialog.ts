// The dialog of one session without its socket: a command line in, reply text and next step out. What makes an envelope is
// left to envelope-dialog.ts, the content of messages to session-mail.ts.

import type { Envelope, ListenerName, Session } from "../mail/transaction.ts";
import { parseCommand, type SmtpCommand } from "../smtp/command.ts";
import type { Refusal } from "../smtp/refusal.ts";
import { type Reply, wireLines, wireReply } from "../smtp/reply.ts";
import { type CommandAnswer, EnvelopeDialog, sequence } from "./envelope-dialog.ts";
import { ErrorCount } from "./error-count.ts";
import { Login } from "./login.ts";
import type { ListenerOptions } from "./options.ts";
import { nameAt, type StandingReplies, standingReplies } from "./standing-replies.ts";

export interface DialogStep {
  /** What goes to the client, CRLFs included. */
  readonly text: string;
  readonly next: "command" | "data" | "tls" | "close";
}

/** What a refusal is logged with. */
export interface RefusedAt extends Pick<Refusal, "command" | "client" | "sender" | "recipients"> {
  readonly verb: string;
}

export interface DialogNeeds {
  readonly logId: string;
  readonly listener: ListenerName;
  readonly peer: { readonly address: string; readonly port: number };
  readonly options: () => ListenerOptions;
  /** Asked at each MAIL with the size it declares; a reply refuses it. */
  readonly admit: (declaredBytes: number | undefined) => Reply | undefined;
  /** A command got this reply, for which the client has to do something else. */
  readonly refused: (reply: Reply) => void;
}

const maxHeloOctets = 300;

const notImplemented = new Set(["EXPN", "TURN", "ETRN", "SEND", "SOML", "SAML", "STARTTLS"]);
/** Commands that are taken before TLS where TLS is required, and before AUTH where that is (RFC 3207 section 4). */
const takenUnsecured = new Set(["EHLO", "LHLO", "HELO", "STARTTLS", "NOOP", "RSET", "QUIT"]);
/** Verbs of other protocols, such as HTTP: the first one ends the session. */
const foreignVerbs = new Set(["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "CONNECT", "TRACE"]);

const okNoop = "250 2.0.0 Ok NOOP\r\n";
const okRset = "250 2.0.0 Ok RSET\r\n";
const startData = "354 End data with <CR><LF>.<CR><LF>\r\n";

export class Dialog {
  readonly #needs: DialogNeeds;
  #options: ListenerOptions;
  #helo = "";
  #protocol: "SMTP" | "ESMTP" | "LMTP" | undefined;
  /** The last command, as far as it may be logged. */
  #command = "";
  #verb = "";
  readonly #envelope = new EnvelopeDialog();
  readonly #errors = new ErrorCount();
  #messages = 0;
  #isSecured = false;
  readonly #login: Login;

  constructor(needs: DialogNeeds) {
    this.#needs = needs;
    this.#options = needs.options();
    this.#login = new Login(needs.peer.address, needs.logId);
  }

  /** The settings in force: they are asked for at the start of a session, at its EHLO and at each MAIL. */
  get options(): ListenerOptions {
    return this.#options;
  }

  /** Command, client and envelope, as a refusal is logged with them. */
  get refusedAt(): RefusedAt {
    const { client, sender, recipients } = this.#envelope;
    return {
      verb: this.#verb,
      ...(this.#command === "" ? {} : { command: this.#command }),
      ...(client.address === undefined ? {} : { client: client.address }),
      ...(sender === undefined ? {} : { sender: sender.address }),
      ...(recipients.length === 0 ? {} : { recipients: recipients.map((each) => each.address) }),
    };
  }

  /** True between an accepted MAIL and the end of its transaction. */
  get inTransaction(): boolean {
    return this.#envelope.sender !== undefined;
  }

  get isLmtp(): boolean {
    return this.#protocol === "LMTP";
  }

  /** TLS is on: what the client said before counts for nothing (RFC 3207 section 4.2). */
  secured(): void {
    this.#isSecured = true;
    this.#envelope.reset();
    this.#helo = "";
    this.#protocol = undefined;
    this.#login.forget();
  }

  greeting(): string {
    return this.#standing.greeting;
  }

  /** A reply that ends the session, with our name in it as RFC 5321 section 4.2 wants it for 421. */
  farewell(code: number, enhanced: string, text: string): string {
    return this.wire({ code, enhanced, text: `${this.#ourName} ${text}` });
  }

  get #ourName(): string {
    return nameAt(this.#needs.listener.address);
  }

  get #standing(): StandingReplies {
    return standingReplies(this.#options, this.#needs.listener.address);
  }

  /** Session and envelope of the message whose content begins now. */
  beginMessage(): { session: Session; envelope: Envelope } {
    this.#messages += 1;
    const { logId, listener, peer } = this.#needs;
    const session: Session = {
      id: this.#messages === 1 ? logId : `${logId}-${this.#messages}`,
      listener,
      peer,
      helo: this.#helo,
      protocol: this.#protocol ?? "SMTP",
      ...(this.#isSecured && { secured: true }),
      ...(this.#login.isDone && { loggedIn: true }),
      client: this.#envelope.client,
    };
    return { session, envelope: this.#envelope.envelope };
  }

  /** The transaction is over; what XFORWARD said is used up with it. */
  endMessage(accepted: boolean): void {
    this.#envelope.reset();
    this.#errors.mailEnded(accepted);
  }

  command(line: string): DialogStep {
    if (this.#login.isUnderWay) return this.#answerLogin(this.#login.respond(line));
    const command = parseCommand(line);
    this.#command = loggable(line, command?.verb);
    this.#verb = command?.verb ?? "";
    if (command === undefined) {
      // A bare LF or CR ends no command (RFC 5321 section 2.3.8); who sends them gets half as many tries.
      const weight = /[\r\n]/.test(line) ? 2 : 1;
      return this.#refuse({ code: 500, enhanced: "5.5.2", text: "Error: bad syntax" }, weight);
    }
    const lacking = takenUnsecured.has(command.verb) ? undefined : this.#lacking(command.verb);
    if (lacking !== undefined) return this.#refuse(lacking);
    switch (command.verb) {
      case "MAIL":
        return this.#mail(command.argument);
      case "RCPT":
        return this.#answer(this.#envelope.rcpt(command.argument, this.#options.smtpd_recipient_limit));
      case "DATA":
        return this.#data(command.argument);
      case "XFORWARD":
        return this.#answer(this.#envelope.xforward(command.argument, this.#mayForward));
      case "EHLO":
      case "HELO":
      case "LHLO":
        return this.#hello(command);
      case "STARTTLS":
        return this.#startTls(command.argument);
      case "AUTH":
        return this.#auth(command.argument);
      case "RSET":
        return this.#rset(command.argument);
      case "NOOP":
        return this.#junkReply(okNoop);
      case "QUIT":
        return this.#quit(command.argument);
      case "VRFY":
        if (command.argument === "")
          return this.#refuse({ code: 501, enhanced: "5.5.4", text: "Syntax: VRFY address" });
        return this.#junkReply("252 2.0.0 Argument not checked, mail for it is taken\r\n");
      case "HELP":
        return this.#junkReply(wireLines(214, ["2.0.0 A mail content filter speaking SMTP", "2.0.0 See RFC 5321"]));
      default:
        return this.#unknown(command.verb);
    }
  }

  /** A line longer than `maxCommandOctets`, of which the rest is not worth reading. */
  lineTooLong(): DialogStep {
    const reply = { code: 500, enhanced: "5.5.2", text: "Error: Line too long" };
    this.#command = "";
    this.#verb = "";
    this.#needs.refused(reply);
    return { text: this.wire(reply), next: "close" };
  }

  #hello({ verb, argument }: SmtpCommand): DialogStep {
    this.#options = this.#needs.options();
    const options = this.#options;
    // RFC 2033 section 4.1: an LMTP server has neither HELO nor EHLO.
    if (options.protocol === "LMTP" && verb !== "LHLO") return this.#unknown(verb);
    if (argument === "" || argument.length > maxHeloOctets) {
      return this.#refuse({ code: 501, enhanced: "5.5.4", text: `Syntax: ${verb} hostname` });
    }
    this.#envelope.reset();
    this.#helo = argument;
    this.#protocol = verb === "HELO" ? "SMTP" : verb === "EHLO" ? "ESMTP" : "LMTP";
    if (verb === "HELO") return this.#junkReply(`250 ${this.#ourName}\r\n`);
    const offer = {
      xforward: this.#mayForward,
      startTls: options.tls !== undefined && !this.#isSecured,
      mechanisms: this.#login.offered(options.login, this.#isSecured),
    };
    return this.#junkReply(this.#standing.hello(offer));
  }

  /** The reply to a session that has to begin TLS or log in first. A 4xx: a setting is wrong, not the mail. */
  #lacking(verb: string): Reply | undefined {
    const { tls, login } = this.#options;
    if (tls?.level === "encrypt" && !this.#isSecured) {
      return { code: 451, enhanced: "4.7.0", text: "Error: must issue a STARTTLS command first" };
    }
    if (login?.required === true && !this.#login.isDone && verb !== "AUTH") {
      return { code: 451, enhanced: "4.7.0", text: "Error: authentication required" };
    }
    return undefined;
  }

  #startTls(argument: string): DialogStep {
    if (this.#options.tls === undefined || this.#protocol === "SMTP") return this.#unknown("STARTTLS");
    if (argument !== "") return this.#refuse({ code: 501, enhanced: "5.5.4", text: "Syntax: STARTTLS" });
    if (this.#isSecured) return this.#refuse(sequence("TLS already active"));
    if (this.inTransaction) return this.#refuse(sequence("Mail transaction in progress"));
    return { text: "220 2.0.0 Ready to start TLS\r\n", next: "tls" };
  }

  #auth(argument: string): DialogStep {
    const { login } = this.#options;
    if (login === undefined) return this.#unknown("AUTH");
    if (this.#protocol === undefined || this.#protocol === "SMTP") return this.#refuse(sequence("send EHLO first"));
    if (this.inTransaction) return this.#refuse(sequence("Mail transaction in progress"));
    if (this.#login.isDone) return this.#refuse(sequence("already authenticated"));
    return this.#answerLogin(this.#login.begin(login, argument, this.#isSecured));
  }

  #answerLogin(reply: Reply): DialogStep {
    if (reply.code >= 400) return this.#refuse(reply);
    return { text: this.wire(reply), next: "command" };
  }

  get #mayForward(): boolean {
    return this.#options.allowXforward(this.#needs.peer.address);
  }

  #mail(argument: string): DialogStep {
    if (this.#protocol === undefined) return this.#refuse(sequence("send HELO/EHLO first"));
    if (!this.inTransaction) this.#options = this.#needs.options();
    const limits = { sizeLimit: this.#options.smtpd_message_size_limit, admit: this.#needs.admit };
    const step = this.#answer(this.#envelope.mail(argument, limits));
    this.#envelope.mailAnswered();
    return step;
  }

  #data(argument: string): DialogStep {
    if (argument !== "") return this.#refuse({ code: 501, enhanced: "5.5.4", text: "Syntax: DATA" });
    const refusal = this.#envelope.dataRefusal(this.isLmtp);
    if (refusal !== undefined) return this.#refuse(refusal);
    return { text: startData, next: "data" };
  }

  #rset(argument: string): DialogStep {
    if (argument !== "") return this.#refuse({ code: 501, enhanced: "5.5.4", text: "Syntax: RSET" });
    this.#envelope.reset();
    return this.#junkReply(okRset);
  }

  #quit(argument: string): DialogStep {
    if (argument !== "") return this.#refuse({ code: 501, enhanced: "5.5.4", text: "Syntax: QUIT" });
    const { quitLmtp, quitSmtp } = this.#standing;
    return { text: this.#options.protocol === "LMTP" || this.isLmtp ? quitLmtp : quitSmtp, next: "close" };
  }

  #unknown(verb: string): DialogStep {
    if (foreignVerbs.has(verb)) {
      this.#needs.refused({ code: 421, enhanced: "4.7.0", text: "Error: this is SMTP" });
      return { text: this.farewell(421, "4.7.0", "Error: this is SMTP"), next: "close" };
    }
    const shown = verb.slice(0, 32);
    if (notImplemented.has(verb)) {
      return this.#refuse({ code: 502, enhanced: "5.5.1", text: `Error: command ${shown} not implemented` });
    }
    return this.#refuse({ code: 500, enhanced: "5.5.2", text: `Error: command ${shown} not recognized` });
  }

  #answer({ kind, reply }: CommandAnswer): DialogStep {
    if (kind === "ok") return { text: wireReply(reply), next: "command" };
    return kind === "mistake" ? this.#refuse(reply) : this.#decline(reply);
  }

  /** The reply to a command that leads to no mail; too many of them are an error. */
  #junkReply(text: string): DialogStep {
    if (this.#errors.junk(this.#options.maxErrors)) return this.#tooManyErrors();
    return { text, next: "command" };
  }

  /** An error of the client. */
  #refuse(error: Reply, weight = 1): DialogStep {
    this.#needs.refused(error);
    if (this.#errors.error(this.#options.maxErrors, weight)) return this.#tooManyErrors();
    return { text: this.wire(error), next: "command" };
  }

  /** A refusal that is nobody's mistake: a limit, or trouble of ours. */
  #decline(refusal: Reply): DialogStep {
    this.#needs.refused(refusal);
    const closing = refusal.code === 421;
    return { text: this.wire(refusal), next: closing ? "close" : "command" };
  }

  #tooManyErrors(): DialogStep {
    return { text: this.farewell(421, "4.7.0", "Error: too many errors"), next: "close" };
  }

  /** The octets of a reply as it goes to the client. */
  wire(reply: Reply): string {
    return wireReply(this.#options.sent(reply));
  }
}

/** What may be logged of a command: AUTH and what is no command may hold a password. */
function loggable(line: string, verb: string | undefined): string {
  return verb === "MAIL" || verb === "RCPT" ? line : (verb ?? "");
}

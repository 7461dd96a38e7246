// The commands that make an envelope: XFORWARD, MAIL, RCPT, and whether DATA may follow. Holds what they said until the
// transaction ends. Counting mistakes and writing replies is left to dialog.ts.
import type { ClientFacts, Envelope, Path } from "../mail/transaction.ts";
import { parsePathArgument } from "../smtp/command.ts";
import { judgeMailParameters, judgeRcptParameters } from "../smtp/parameters.ts";
import type { Reply } from "../smtp/reply.ts";
import { applyXforward } from "../smtp/xforward.ts";

/** "mistake": a refusal that counts as the client's error. "limit": one that is nobody's mistake. */
export interface CommandAnswer {
  readonly kind: "ok" | "mistake" | "limit";
  readonly reply: Reply;
}

export interface MailLimits {
  /** Octets; 0: no limit. */
  readonly sizeLimit: number;
  /** Asked with the size that MAIL declares; a reply refuses it. */
  readonly admit: (declaredBytes: number | undefined) => Reply | undefined;
}

const xforwardTaken = ok({ code: 250, enhanced: "2.5.0", text: "Ok XFORWARD" });

/** Of a mail before which there was no XFORWARD. */
const nothingSaid: ClientFacts = {};

export class EnvelopeDialog {
  #client = nothingSaid;
  #sender: Path | undefined;
  #recipients: Path[] = [];
  #refusedRecipients = 0;

  /** What XFORWARD said of the client of the mail. */
  get client(): ClientFacts {
    return this.#client;
  }

  /** Undefined before an accepted MAIL. */
  get sender(): Path | undefined {
    return this.#sender;
  }

  get recipients(): readonly Path[] {
    return this.#recipients;
  }

  get envelope(): Envelope {
    return { sender: this.#sender ?? { address: "", parameters: "" }, recipients: this.#recipients };
  }

  reset(): void {
    this.#sender = undefined;
    this.#recipients = [];
    this.#refusedRecipients = 0;
    this.#client = nothingSaid;
  }

  xforward(argument: string, isAllowed: boolean): CommandAnswer {
    if (!isAllowed) {
      return this.#refuseXforward({ code: 550, enhanced: "5.7.0", text: "Error: not authorized to use XFORWARD" });
    }
    if (this.#sender !== undefined) return sequenceError("Mail transaction in progress");
    const client = applyXforward(this.#client, argument);
    if (client === undefined) {
      return this.#refuseXforward({ code: 501, enhanced: "5.5.4", text: "Error: bad XFORWARD attribute" });
    }
    this.#client = client;
    return xforwardTaken;
  }

  /** A refused command leaves the client of this mail unknown, whatever else is said of it. */
  #refuseXforward(reply: Reply): CommandAnswer {
    this.#client = { ...this.#client, standing: "refused" };
    return mistake(reply);
  }

  mail(argument: string, { sizeLimit, admit }: MailLimits): CommandAnswer {
    if (this.#sender !== undefined) return sequenceError("nested MAIL command");
    const path = parsePathArgument(argument, "FROM");
    if (path === undefined) return mistake({ code: 501, enhanced: "5.5.2", text: "Syntax: MAIL FROM:<address>" });
    const judged = judgeMailParameters(path.parameters);
    if ("code" in judged) return mistake(judged);
    const { parameters, declaredBytes } = judged;
    if (sizeLimit > 0 && declaredBytes !== undefined && declaredBytes > sizeLimit)
      return limit(oversize(declaredBytes));
    const refusal = admit(declaredBytes);
    if (refusal !== undefined) return limit(refusal);
    this.#sender = { address: path.address, parameters };
    return ok({ code: 250, enhanced: "2.1.0", text: `Sender <${path.address}> OK` });
  }

  /**
   * To be called once MAIL is answered and the refusal told of. XFORWARD is used up by one MAIL, a refused one included: the
   * next must not be taken for the same client's.
   */
  mailAnswered(): void {
    if (this.#sender === undefined) this.#client = {};
  }

  rcpt(argument: string, recipientLimit: number): CommandAnswer {
    if (this.#sender === undefined) return sequenceError("need MAIL command");
    const answer = this.#takeRecipient(argument, recipientLimit);
    if (answer.kind !== "ok") this.#refusedRecipients += 1;
    return answer;
  }

  #takeRecipient(argument: string, recipientLimit: number): CommandAnswer {
    const path = parsePathArgument(argument, "TO");
    if (path === undefined || path.address === "") {
      return mistake({ code: 501, enhanced: "5.5.2", text: "Syntax: RCPT TO:<address>" });
    }
    const judged = judgeRcptParameters(path.parameters);
    if ("code" in judged) return mistake(judged);
    if (this.#recipients.length >= recipientLimit) {
      return limit({ code: 452, enhanced: "4.5.3", text: "Too many recipients" });
    }
    this.#recipients.push({ address: path.address, parameters: judged.parameters });
    return ok({ code: 250, enhanced: "2.1.5", text: `Recipient <${path.address}> OK` });
  }

  /** Why DATA may not follow; undefined where it may. */
  dataRefusal(isLmtp: boolean): Reply | undefined {
    if (this.#recipients.length > 0) return undefined;
    if (this.#refusedRecipients === 0) return sequence("need RCPT command");
    // RFC 2033 section 4.2 has LMTP answer 503 here.
    return { code: isLmtp ? 503 : 554, enhanced: "5.1.1", text: "Error: no valid recipients" };
  }
}

/** RFC 1870 section 6.1. */
export function oversize(bytes: number): Reply {
  return { code: 552, enhanced: "5.3.4", text: `Message size (${bytes} B) exceeds size limit` };
}

/** A command that may not come here. */
export function sequence(text: string): Reply {
  return { code: 503, enhanced: "5.5.1", text: `Error: ${text}` };
}

function sequenceError(text: string): CommandAnswer {
  return mistake(sequence(text));
}

function ok(reply: Reply): CommandAnswer {
  return { kind: "ok", reply };
}

function mistake(reply: Reply): CommandAnswer {
  return { kind: "mistake", reply };
}

function limit(reply: Reply): CommandAnswer {
  return { kind: "limit", reply };
}

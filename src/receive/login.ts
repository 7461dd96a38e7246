// AUTH of one session (RFC 4954): which mechanisms it is offered, and how far it has come.
import { randomUUID } from "node:crypto";
import type { Reply } from "../smtp/reply.ts";
import { createSaslServer, type SaslServer } from "../smtp/sasl.ts";
import type { ListenerLogin } from "./options.ts";

const failed: Reply = { code: 535, enhanced: "5.7.8", text: "Error: authentication failed" };
const malformed: Reply = { code: 501, enhanced: "5.5.2", text: "Error: cannot decode the response" };

export class Login {
  readonly #isLocal: boolean;
  readonly #logId: string;
  #server: SaslServer | undefined;
  isDone = false;

  /** @param address of the peer; "" for a unix socket */
  constructor(address: string, logId: string) {
    this.#isLocal = address === "" || address === "::1" || address.startsWith("127.");
    this.#logId = logId;
  }

  /** The next line is a response, not a command. */
  get isUnderWay(): boolean {
    return this.#server !== undefined;
  }

  /** A password crosses no wire without TLS: PLAIN and LOGIN are for encrypted sessions and for this machine. */
  offered(login: ListenerLogin | undefined, isSecured: boolean): readonly string[] {
    if (login === undefined || this.isDone) return [];
    return login.mechanisms.filter((mechanism) => isSecured || this.#isLocal || mechanism === "CRAM-MD5");
  }

  /** @param argument what follows AUTH: a mechanism and perhaps the first response */
  begin(login: ListenerLogin, argument: string, isSecured: boolean): Reply {
    const [name = "", response, ...more] = argument.split(" ");
    if (name === "" || more.length > 0) return { code: 501, enhanced: "5.5.4", text: "Syntax: AUTH mechanism" };
    const offered = this.offered(login, isSecured);
    const mechanism = login.mechanisms.find((each) => each === name.toUpperCase() && offered.includes(each));
    if (mechanism === undefined) {
      return { code: 504, enhanced: "5.5.4", text: "Error: authentication mechanism not supported" };
    }
    this.#server = createSaslServer(mechanism, login.credentials, `<${randomUUID()}.${this.#logId}@localhost>`);
    return this.#step(response);
  }

  respond(line: string): Reply {
    // RFC 4954 section 4: the client gives up.
    if (line === "*") {
      this.#server = undefined;
      return { code: 501, enhanced: "5.7.0", text: "Error: authentication cancelled" };
    }
    return this.#step(line);
  }

  /** TLS has begun: what was before counts for nothing. */
  forget(): void {
    this.#server = undefined;
    this.isDone = false;
  }

  #step(response: string | undefined): Reply {
    const answer = this.#server?.(response);
    if (answer?.state === "challenge") return { code: 334, enhanced: "", text: answer.text };
    this.#server = undefined;
    if (answer?.state === "malformed") return malformed;
    this.isDone = answer?.state === "passed";
    return this.isDone ? { code: 235, enhanced: "2.7.0", text: "Authentication successful" } : failed;
  }
}

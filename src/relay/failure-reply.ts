// The reply to our client when the next hop fails us: always a 4xx, since our trouble is never a bounce.
import { cleanReplyText, isPermanent, isTransient, type Reply } from "../smtp/reply.ts";
import type { ConnectionFailure } from "./awaited-replies.ts";

/** Steps of talking to a next hop, in the words of our replies. */
export type Phase =
  | "connect"
  | "greeting"
  | "EHLO"
  | "STARTTLS"
  | "AUTH"
  | "XFORWARD"
  | "MAIL"
  | "RCPT"
  | "DATA"
  | "content"
  | "final dot"
  | "BDAT";

export interface HopAnswer {
  readonly reply: Reply;
  /** False when the words are ours. */
  readonly fromNextHop: boolean;
}

export function failureAnswer(failure: ConnectionFailure, phase: Phase, remote: string): HopAnswer {
  const during = `from MTA(${remote}) during ${phase}`;
  switch (failure.kind) {
    case "connect":
      return ours(450, "4.4.1", `Can't connect to ${remote}: ${failure.detail}`);
    case "timeout":
      return ours(450, "4.4.2", `Timed out during ${phase}, MTA(${remote})`);
    case "closed":
      return ours(451, "4.5.0", `${capitalized(during)}: ${failure.detail}`);
    case "garbage":
      return ours(451, "4.5.0", `Bad SMTP response code ${during}: ${failure.detail}`);
    case "security":
      return ours(450, failure.enhanced, failure.detail);
    case "dropped":
      return ours(451, "4.5.0", `${capitalized(during)}: given up`);
    case "refused":
      return refusedAnswer(failure.reply, phase, during);
  }
}

/** What a step came to: its reply, or what kept that from coming. */
export function answerFor(
  reply: Reply | undefined,
  failure: ConnectionFailure | undefined,
  phase: Phase,
  { remote }: { readonly remote: string },
): HopAnswer {
  if (reply === undefined) return failureAnswer(failure ?? { kind: "dropped" }, phase, remote);
  return commandAnswer(reply, phase, remote);
}

/** A reply to a command: 4xx, 5xx about the mail, and the one positive code that it may have are its own words. */
export function commandAnswer(reply: Reply, phase: Phase, remote: string): HopAnswer {
  // RFC 5321 section 4.3.2: DATA gets 354. A 250 there answers something else, and no content has been sent.
  const nonsense = phase === "DATA" ? reply.code < 400 && reply.code !== 354 : reply.code >= 300 && reply.code < 400;
  if (nonsense) {
    return failureAnswer({ kind: "garbage", detail: `${reply.code} ${reply.text}` }, phase, remote);
  }
  // RFC 3207 section 4, RFC 4954 section 6: it speaks of the session, whatever the mail.
  if (reply.code === 530) return ours(450, "4.7.4", `${remote} wants TLS or a login first: 530 ${reply.text}`);
  return { reply, fromNextHop: true };
}

function refusedAnswer(reply: Reply, phase: Phase, during: string): HopAnswer {
  if (isTransient(reply)) return { reply, fromNextHop: true };
  // A hop that turns us away as a client says nothing about the mail: it must not bounce (RFC 5321 section 3.1).
  const early = phase === "greeting" || phase === "EHLO" || phase === "STARTTLS" || phase === "AUTH";
  if (isPermanent(reply) && !early) return { reply, fromNextHop: true };
  if (isPermanent(reply)) return ours(451, "4.5.0", `${capitalized(during)}: ${reply.code} ${reply.text}`);
  return ours(451, "4.5.0", `Bad SMTP response code ${during}: ${reply.code} ${reply.text}`);
}

function ours(code: number, enhanced: string, text: string): HopAnswer {
  return { reply: { code, enhanced, text: cleanReplyText(text) }, fromNextHop: false };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

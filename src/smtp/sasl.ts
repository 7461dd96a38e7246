// AUTH (RFC 4954) by PLAIN (RFC 4616), LOGIN and CRAM-MD5 (RFC 2195), both ends: challenges and responses in, what is to be
// said out. Who may log in, and when, is decided elsewhere.
import { createHmac, timingSafeEqual } from "node:crypto";

export const saslMechanisms = ["PLAIN", "LOGIN", "CRAM-MD5"] as const;
export type SaslMechanism = (typeof saslMechanisms)[number];

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** "malformed": the response is no base64, or not what the mechanism has (501 5.5.2). */
export type SaslAnswer =
  | { readonly state: "challenge"; readonly text: string }
  | { readonly state: "passed" | "failed" | "malformed" };

/** The server's end of one AUTH: takes the responses, as they came on the wire, one after the other. */
export type SaslServer = (response: string | undefined) => SaslAnswer;

/** @param nonce what CRAM-MD5 asks with, unguessable: "<1896.697170952@mail.example.com>" */
export function createSaslServer(mechanism: SaslMechanism, wanted: Credentials, nonce: string): SaslServer {
  switch (mechanism) {
    case "PLAIN":
      return (response) => {
        if (response === undefined) return challenge("");
        const [authorization, user, password, ...more] = decode(response)?.split("\0") ?? [];
        if (authorization === undefined || user === undefined || password === undefined || more.length > 0) {
          return { state: "malformed" };
        }
        // Nobody speaks for another.
        const own = authorization === "" || authorization === user;
        return { state: own && isSame(user, wanted.user) && isSame(password, wanted.password) ? "passed" : "failed" };
      };
    case "LOGIN":
      return loginServer(wanted);
    case "CRAM-MD5":
      return (response) => {
        if (response === undefined) return challenge(nonce);
        const text = decode(response);
        const blank = text?.lastIndexOf(" ") ?? -1;
        if (text === undefined || blank === -1) return { state: "malformed" };
        const known = isSame(text.slice(0, blank), wanted.user);
        return { state: known && isSame(text.slice(blank + 1), cramDigest(nonce, wanted)) ? "passed" : "failed" };
      };
  }
}

function loginServer(wanted: Credentials): SaslServer {
  let user: string | undefined;
  return (response) => {
    if (response === undefined) return challenge("Username:");
    const text = decode(response);
    if (text === undefined) return { state: "malformed" };
    if (user === undefined) {
      user = text;
      return challenge("Password:");
    }
    return { state: isSame(user, wanted.user) && isSame(text, wanted.password) ? "passed" : "failed" };
  };
}

/** What a client says with AUTH itself, undefined for nothing, and to each challenge; undefined where that is senseless. */
export interface SaslClient {
  readonly initial: string | undefined;
  respond(challenge: string): string | undefined;
}

export function createSaslClient(mechanism: SaslMechanism, credentials: Credentials): SaslClient {
  const { user, password } = credentials;
  switch (mechanism) {
    case "PLAIN":
      return { initial: encode(`\0${user}\0${password}`), respond: () => undefined };
    case "LOGIN": {
      const answers = [user, password];
      return {
        initial: undefined,
        respond() {
          const answer = answers.shift();
          return answer === undefined ? undefined : encode(answer);
        },
      };
    }
    case "CRAM-MD5":
      return {
        initial: undefined,
        respond(text) {
          const nonce = decode(text);
          return nonce === undefined ? undefined : encode(`${user} ${cramDigest(nonce, credentials)}`);
        },
      };
  }
}

/**
 * The mechanism that a client picks among those that are offered (in upper case). On a line that others can read only
 * one that does not show the password; undefined where there is none.
 */
export function pickMechanism(offered: ReadonlySet<string>, line: "private" | "open"): SaslMechanism | undefined {
  const wanted: readonly SaslMechanism[] = line === "private" ? ["PLAIN", "LOGIN", "CRAM-MD5"] : ["CRAM-MD5"];
  return wanted.find((mechanism) => offered.has(mechanism));
}

function cramDigest(nonce: string, { password }: Credentials): string {
  return createHmac("md5", password).update(nonce).digest("hex");
}

function challenge(text: string): SaslAnswer {
  return { state: "challenge", text: encode(text) };
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

/** "=" is an empty response (RFC 4954 section 4). */
function decode(text: string): string | undefined {
  if (text === "=") return "";
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
    ? Buffer.from(text, "base64").toString("utf8")
    : undefined;
}

/** In constant time: how long it takes does not depend on how much is right. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHmac("sha256", "same").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

// Settings of one listener, in the shape the receive part needs them; daemon/part-options.ts derives them.
import type { SecureContext } from "node:tls";
import type { HeaderLimits } from "../mail/header.ts";
import type { Reply } from "../smtp/reply.ts";
import type { Credentials, SaslMechanism } from "../smtp/sasl.ts";

export interface ReceiveTimeouts {
  /** A client that owes us a command. */
  readonly idleMs: number;
  /** The same while more than 80 % of the connections are in use. */
  readonly stressedIdleMs: number;
  /** Between two pieces of a message. */
  readonly dataBlockMs: number;
  /** A whole message, from DATA to the final dot. */
  readonly dataMs: number;
}

/** TLS as it is offered. */
export interface ListenerTls {
  /** "encrypt": nothing of a mail is taken without. */
  readonly level: "may" | "encrypt";
  /** TLS from the first octet on, without STARTTLS. */
  readonly implicit: boolean;
  /** Certificate and key. */
  readonly context: SecureContext;
}

/** AUTH as it is offered. */
export interface ListenerLogin {
  readonly mechanisms: readonly SaslMechanism[];
  readonly credentials: Credentials;
  /** No mail is taken before. */
  readonly required: boolean;
}

export interface ListenerOptions {
  /** SMTP takes LHLO too, and becomes LMTP for that session. */
  readonly protocol: "SMTP" | "LMTP";
  readonly smtpd_greeting_banner: string;
  readonly smtpd_quit_banner: string;
  /** What the banners may name besides helo-name and protocol: myhostname, product, version, version-id, version-date. */
  readonly bannerValues: Readonly<Record<string, string>>;
  readonly smtpd_discard_ehlo_keywords: readonly string[];
  /** inet_acl: may this peer talk to us? Not asked for a unix socket. */
  readonly allowPeer: (address: string) => boolean;
  /** A PROXY header comes first on every connection: it names the peer that the connection is from. */
  readonly haproxy_target_enabled: boolean;
  /** May this peer speak for its clients by XFORWARD? The address of a unix socket's peer is "". */
  readonly allowXforward: (address: string) => boolean;
  /** Octets; 0 for no limit. */
  readonly smtpd_message_size_limit: number;
  readonly smtpd_recipient_limit: number;
  readonly bare_newline: "replace" | "reject";
  /** Absent: STARTTLS is not offered. */
  readonly tls?: ListenerTls;
  /** Absent: AUTH is not offered. */
  readonly login?: ListenerLogin;
  /** Gives the reply that goes to the client in place of one of ours. */
  readonly sent: (reply: Reply) => Reply;
  readonly maxClients: number;
  /** Octets of a command line without its CRLF; a longer one ends the session (RFC 5321 section 4.5.3.1.4 asks 512). */
  readonly maxCommandOctets: number;
  /** Bad commands before a session is ended. */
  readonly maxErrors: number;
  /** Octets of a header section; a message with a larger one is refused. */
  readonly maxHeaderBytes: number;
  /** How much of a header section is looked at; the rest passes unseen. */
  readonly headerLimits: HeaderLimits;
  readonly timeouts: ReceiveTimeouts;
}

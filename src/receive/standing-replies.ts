// The replies that every session of a listener gets alike: greeting, EHLO, QUIT. Put together once, not per connection.
import { LRUCache } from "lru-cache";
import { expandBanner } from "../smtp/banner.ts";
import { ehloLines } from "../smtp/ehlo.ts";
import { wireLines, wireReply } from "../smtp/reply.ts";
import type { ListenerOptions } from "./options.ts";

/** What goes to the client, CRLFs included. */
export interface StandingReplies {
  readonly greeting: string;
  /** To EHLO and LHLO. */
  hello(offer: SessionOffer): string;
  /** To QUIT in a session that speaks LMTP. */
  readonly quitLmtp: string;
  readonly quitSmtp: string;
}

/** What is offered to one session and not to another. */
export interface SessionOffer {
  readonly xforward: boolean;
  readonly startTls: boolean;
  /** Mechanisms of AUTH. */
  readonly mechanisms: readonly string[];
}

/** Addresses remembered per listener: a client may choose among those of a whole network. */
const maxAddresses = 100;

const known = new WeakMap<ListenerOptions, LRUCache<string, StandingReplies>>();

/** The replies under given settings at the address a client connected to. */
export function standingReplies(options: ListenerOptions, address: string): StandingReplies {
  let byAddress = known.get(options);
  if (byAddress === undefined) {
    byAddress = new LRUCache({ max: maxAddresses });
    known.set(options, byAddress);
  }
  let replies = byAddress.get(address);
  if (replies === undefined) {
    replies = putTogether(options, nameAt(address));
    byAddress.set(address, replies);
  }
  return replies;
}

/** "[127.0.0.1]": what we call ourselves to a client that connected to that address. */
export function nameAt(address: string): string {
  if (address === "") return "[localhost]";
  return address.includes(":") ? `[IPv6:${address}]` : `[${address}]`;
}

function putTogether(options: ListenerOptions, name: string): StandingReplies {
  const { smtpd_greeting_banner, smtpd_quit_banner } = options;
  const banner = (template: string, protocol: "ESMTP" | "LMTP") =>
    expandBanner(template, { ...options.bannerValues, "helo-name": name, protocol });
  const hellos = new Map<string, string>();
  function hello(offer: SessionOffer): string {
    const key = `${offer.xforward} ${offer.startTls} ${offer.mechanisms.join(" ")}`;
    let text = hellos.get(key);
    if (text === undefined) {
      const sizeLimit = options.smtpd_message_size_limit;
      text = wireLines(250, ehloLines({ name, sizeLimit, discard: options.smtpd_discard_ehlo_keywords, ...offer }));
      hellos.set(key, text);
    }
    return text;
  }
  const quit = (protocol: "ESMTP" | "LMTP") =>
    wireReply({ code: 221, enhanced: "2.0.0", text: banner(smtpd_quit_banner, protocol) });
  const greeting = banner(smtpd_greeting_banner, options.protocol === "LMTP" ? "LMTP" : "ESMTP");
  return {
    greeting: wireReply({ code: 220, enhanced: "", text: greeting }),
    hello,
    quitLmtp: quit("LMTP"),
    quitSmtp: quit("ESMTP"),
  };
}

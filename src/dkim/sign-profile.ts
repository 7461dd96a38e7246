// What signatures of many mails share (key, header table, canonicalization) crosses to a worker once and is called by a
// number from then on: a KeyObject and a table of sixty names cost more to clone than all else of a job together.
import type { KeyObject } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { SignRequest } from "./engine.ts";

type SignProfile = Pick<
  SignRequest,
  "selector" | "algorithm" | "headerCanonicalization" | "bodyCanonicalization" | "signedFields" | "privateKey"
>;

/** A SignRequest on its way; an array, because names of members are cloned with every object. */
export type SentRequest = readonly [
  profileNumber: number,
  /** Left out where the worker should have it. */
  profile: SignProfile | undefined,
  domain: string,
  identity: string,
  signedAt: number,
  expiresAt: number | undefined,
];

/** Keys numbered at a time. With more in use, the profile often goes along: then nothing is saved, nor lost. */
const maxKeys = 512;
/** Keys have one or two profiles each; a worker that forgets one too early gets it again. */
const maxKept = 2048;

interface Numbered {
  readonly profile: SignProfile;
  readonly number: number;
}

/** The sending side: knows which profiles have a number. */
export class NumberedProfiles {
  readonly #byKey = new LRUCache<KeyObject, Numbered[]>({ max: maxKeys });
  #last = 0;

  /** The request as it is sent; "whole": with its profile, for a worker that said that it does not know it. */
  send(request: SignRequest, how: "short" | "whole"): SentRequest {
    const known = this.#find(request);
    const { profile, number } = known ?? this.#add(request);
    const sent = known === undefined || how === "whole" ? profile : undefined;
    return [number, sent, request.domain, request.identity, request.signedAt, request.expiresAt];
  }

  #find(request: SignRequest): Numbered | undefined {
    return this.#byKey.get(request.privateKey)?.find(({ profile }) => {
      return (
        profile.signedFields === request.signedFields &&
        profile.selector === request.selector &&
        profile.algorithm === request.algorithm &&
        profile.headerCanonicalization === request.headerCanonicalization &&
        profile.bodyCanonicalization === request.bodyCanonicalization
      );
    });
  }

  #add(request: SignRequest): Numbered {
    const { selector, algorithm, headerCanonicalization, bodyCanonicalization, signedFields, privateKey } = request;
    this.#last += 1;
    const added = {
      number: this.#last,
      profile: { selector, algorithm, headerCanonicalization, bodyCanonicalization, signedFields, privateKey },
    };
    const others = this.#byKey.get(privateKey);
    if (others !== undefined && others.length < 16) others.push(added);
    else this.#byKey.set(privateKey, [added]);
    return added;
  }
}

/** The receiving side, one per worker. */
export class KeptProfiles {
  readonly #kept = new LRUCache<number, SignProfile>({ max: maxKept });

  /** The requests as they were, or undefined when one goes by a number that is not known here (any more). */
  receive(requests: readonly SentRequest[]): SignRequest[] | undefined {
    const received: SignRequest[] = [];
    for (const [number, sent, domain, identity, signedAt, expiresAt] of requests) {
      if (sent !== undefined) this.#kept.set(number, sent);
      const profile = sent ?? this.#kept.get(number);
      if (profile === undefined) return undefined;
      received.push({ ...profile, domain, identity, signedAt, expiresAt });
    }
    return received;
  }
}

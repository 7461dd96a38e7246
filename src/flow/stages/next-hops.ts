// Where a mail goes next: forward_method and notify_method of the bank in force, `*` filled in from the connection.

import { LRUCache } from "lru-cache";
import type { Session, Transaction } from "../../mail/transaction.ts";
import { contentsValue } from "../../policy/category-maps.ts";
import type { Accepted, Contents } from "../../policy/decision.ts";
import type { MethodSetting } from "../../settings/values.ts";
import { type NextHop, type NextHopTemplate, orderNextHops, parseMethod, resolveNextHop } from "../../smtp/next-hop.ts";
import type { JudgedMail } from "../mail.ts";

/** What of a decision next hops go by. */
type LeavingAs = Pick<Accepted, "edits" | "content">;

const onlyClean: readonly Contents[] = [{ category: "CC_CLEAN", minor: 0 }];

export interface NextHops {
  /**
   * For one recipient: resend_method for mail that leaves as an attachment, else forward_method_maps_by_ccat, else
   * forward_method_maps, else forward_method.
   */
  forward(mail: JudgedMail, recipient: string, decision: LeavingAs): readonly NextHop[];
  /** For notifications of ours. */
  notify(mail: Pick<JudgedMail, "bank" | "transaction">): readonly NextHop[];
}

/** A map may make methods of addresses ("smtp:[$5]:25"): those that are kept begin anew with so many. */
const maxKept = 1000;

/** Keeps what it has parsed: methods are few and come with every mail. */
export function createNextHops(random: () => number = Math.random): NextHops {
  const parsed = new LRUCache<string, ReturnType<typeof parseMethod>>({ max: maxKept });
  /** What a method names whatever the connection: one list for all mails. */
  const known = new LRUCache<string, readonly NextHop[]>({ max: maxKept });
  /** One draw per mail: recipients with the same list go together. */
  const drawn = new WeakMap<Transaction, number>();

  function draw(transaction: Transaction): number {
    const found = drawn.get(transaction) ?? random();
    drawn.set(transaction, found);
    return found;
  }

  function hopsOf(text: string, session: Session): readonly NextHop[] {
    const listed = known.get(text);
    if (listed !== undefined) return listed;
    let method = parsed.get(text);
    if (method === undefined) {
      method = parseMethod(text);
      parsed.set(text, method);
    }
    if ("problem" in method) return [];
    const constant = fixed(method.template);
    if (constant.length > 0) {
      known.set(text, constant);
      return constant;
    }
    const hop = resolveNextHop(method.template, session);
    return hop === undefined ? [] : [hop];
  }

  function hops(methods: MethodSetting, transaction: Transaction): readonly NextHop[] {
    const { session } = transaction;
    if (methods === null || methods === "") return [];
    if (typeof methods === "string") return hopsOf(methods, session);
    const ordered = methods.length > 1 ? orderNextHops(methods, draw(transaction)) : methods;
    return ordered.flatMap((text) => hopsOf(text, session));
  }

  return {
    forward({ bank, transaction }, recipient, { edits, content }) {
      const { resend_method, forward_method } = bank;
      if (edits.wrap !== undefined && resend_method !== null && resend_method !== "") {
        return hops(resend_method, transaction);
      }
      const byContents = contentsValue(bank.forward_method_maps_by_ccat, content?.all ?? onlyClean, recipient);
      return hops(byContents ?? bank.forward_method_maps.first(recipient)?.value ?? forward_method, transaction);
    },
    notify: ({ bank, transaction }) => hops(bank.notify_method, transaction),
  };
}

/** What methods name without looking at a connection, one list of alternatives each; each list once. */
export function fixedNextHops(methods: Iterable<MethodSetting>): readonly (readonly NextHop[])[] {
  const found = new Map<string, readonly NextHop[]>();
  for (const setting of methods) {
    if (setting === null) continue;
    const list = typeof setting === "string" ? [setting] : setting;
    const hops = list.flatMap((text) => {
      const method = parseMethod(text);
      return "problem" in method ? [] : fixed(method.template);
    });
    if (hops.length > 0) found.set(JSON.stringify(hops), hops);
  }
  return [...found.values()];
}

function fixed(template: NextHopTemplate): NextHop[] {
  if ("path" in template) return [template];
  const { protocol, host, port } = template;
  return host === "*" || port === "*" ? [] : [{ protocol, host, port }];
}

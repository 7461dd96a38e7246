// What the cache already holds of the answers that evaluating a domain's SPF will ask for. Nothing is judged here, and
// nothing is asked: a record is only read for the names in it.
import { isIPv6 } from "node:net";
import type { RecordType } from "../rr/answer.ts";
import type { KnownAnswer, Peek } from "../rr/known-answers.ts";

/** RFC 7208 section 4.6.4 lets an evaluation ask for hardly more. */
const maxAnswers = 16;
/** Terms that name a host without macros: "include:", "redirect=", "a", "a:", "mx", "mx:", with cidr lengths. */
const term = /^[+?~-]?(?:(include:|redirect=|a:|mx:)([^\s/%]+)|(a|mx))(?:\/[0-9/]*)?$/i;
/** A longer record is judged permerror anyway. */
const maxRecordOctets = 4096;

function isSpf(text: string): boolean {
  return text.length <= maxRecordOctets && /^v=spf1(?: |$)/i.test(text);
}

/** The known answers for the SPF of a domain, its includes, redirects and the hosts it names. */
export function peekSpfAnswers(domain: string, address: string, peek: Peek): readonly KnownAnswer[] {
  const known: KnownAnswer[] = [];
  const addressType = isIPv6(address) ? "AAAA" : "A";
  const domains = [domain];
  for (const current of domains) {
    const texts = take(current, "TXT");
    if (texts?.status !== "found") continue;
    const record = texts.records.map((strings) => strings.join("")).find(isSpf);
    for (const word of (record ?? "").split(" ")) {
      const [, prefix, host = current, bare] = term.exec(word) ?? [];
      const kind = (prefix ?? bare ?? "").toLowerCase();
      const name = host.toLowerCase();
      if (kind === "include:" || kind === "redirect=") {
        if (!domains.includes(name) && domains.length < maxAnswers) domains.push(name);
      } else if (kind.startsWith("a")) {
        take(name, addressType);
      } else if (kind !== "") {
        const exchanges = take(name, "MX");
        if (exchanges?.status !== "found") continue;
        for (const { exchange } of exchanges.records) take(exchange, addressType);
      }
    }
  }
  return known;

  function take<T extends RecordType>(name: string, type: T) {
    const seen = known.length >= maxAnswers || known.some((entry) => entry.name === name && entry.type === type);
    const answer = peek(name, type);
    if (!seen && answer !== undefined) known.push({ name, type, answer });
    return answer;
  }
}

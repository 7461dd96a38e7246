// What a spam scanner's word depends on beside the octets of a mail, as words that can be compared.
import { isIP } from "node:net";
import type { Finding } from "../authres/finding.ts";
import type { SpamQuestion } from "./spam-question.ts";

type Known = Pick<SpamQuestion, "envelope" | "client" | "verified" | "fingerprint" | "virusTests">;

/** Sender's domain, client's network and system, names of viruses, and what was verified of which domain. */
export function verdictWords(known: Known): readonly string[] {
  const { envelope, client, verified, fingerprint, virusTests } = known;
  const { address } = envelope.sender;
  const words = [
    // Each copy to a list's subscribers has a sender of its own (VERP), of one domain.
    `sender=${address.slice(address.lastIndexOf("@") + 1).toLowerCase()}`,
    `client=${clientNetwork(client.address)}`,
  ];
  if (fingerprint !== undefined) words.push(`system=${fingerprint}`);
  if (virusTests !== undefined) words.push(`viruses=${virusTests.join(",")}`);
  for (const finding of verified?.findings ?? []) words.push(findingWord(finding));
  return words;
}

/** Lists of addresses, and who answers for one, are as a rule about networks of this size. */
export function clientNetwork(address: string | undefined): string {
  const version = address === undefined ? 0 : isIP(address);
  if (address === undefined || version === 0) return "";
  if (version === 4) return address.slice(0, address.lastIndexOf("."));
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+)\.\d+$/i.exec(address) ?? [];
  return mapped ?? v6Groups(address).slice(0, 4).join(":");
}

function v6Groups(address: string): readonly string[] {
  const [bare = ""] = address.toLowerCase().split("%");
  const [head = "", tail] = bare.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array.from({ length: Math.max(0, gap) }, () => "0"), ...after].map((group) =>
    group.replace(/^0+(?=.)/, ""),
  );
}

/** Without what each copy of a mailing has of its own: the signature's octets, the local part of the sender. */
function findingWord({ method, result, reason, properties }: Finding): string {
  let word = `${method}=${result} ${reason ?? ""}`;
  for (const { type, name, value } of properties) {
    if (name !== "b") word += ` ${type}.${name}=${value.slice(value.lastIndexOf("@") + 1).toLowerCase()}`;
  }
  return word;
}

// An explanation as lines for a terminal: for `check` and `why`.
import type { LoadReason } from "../../policy/bank.ts";
import type { MapYield } from "../../policy/explain.ts";
import { formatStep } from "../../policy/scores.ts";
import type { CandidateFact } from "../../signing/choose.ts";
import { meaningLines, wordOf } from "../words/all-words.ts";
import type { Explanation } from "./explain.ts";
import { visible } from "./log-line.ts";
import type { Surroundings } from "./surroundings.ts";

const loadReasons: Readonly<Record<LoadReason, string>> = {
  port: "interface_policy, by port",
  "address-port": "interface_policy, by address and port",
  socket: "interface_policy, by socket",
  "client-network": "by the client's network",
  "daemon-name": "by the name of the MTA's daemon",
  authenticated: "by the client's login",
  "local-sender": "by the local envelope sender",
  author: "by the verified author",
  virus: "by the virus found",
  command: "as asked for",
};

export interface ExplainContext {
  readonly surroundings: Surroundings;
  /** What no signature means was said above: the reason alone is repeated. */
  readonly isToldBefore?: boolean;
}

/** One fact a line, without indentation at the top level; details are indented by two. */
export function explanationLines(explanation: Explanation, context: ExplainContext): readonly string[] {
  return [
    ...authorLines(explanation),
    ...bankLines(explanation),
    ...networkLines(explanation, context.surroundings),
    ...standingLines(explanation),
    ...mapLines(explanation),
    ...signingLines(explanation, context),
    ...sealLines(explanation),
    ...survivalLines(explanation),
    ...scoreLines(explanation),
  ];
}

function authorLines({ client, authors, authorDoubt }: Explanation): readonly string[] {
  const named = authors.length === 0 ? "none" : authors.map(visible).join(", ");
  const doubt = authorDoubt === undefined ? "" : ` (not believed: ${authorDoubt})`;
  const word = authorDoubt === undefined ? undefined : wordOf("doubt", authorDoubt);
  return [`client: ${clientText(client)}`, `authors: ${named}${doubt}`, ...meaningLines(word)];
}

function clientText(client: string): string {
  if (client === "0.0.0.0") return "0.0.0.0 (mail that was made on the MTA's own host)";
  if (client === "not told") return "not told: the MTA sent no XFORWARD, so the client is in no network";
  return visible(client);
}

function bankLines({ banks, originating }: Explanation): readonly string[] {
  const loaded = banks.map(({ bank, why, key, origin }, index) => {
    const by = key === undefined ? loadReasons[why] : `${loadReasons[why]}: ${visible(key)}`;
    return `  ${index + 1}. ${visible(bank)}, ${by}${at(origin)}`;
  });
  return [
    loaded.length === 0 ? "policy banks: none beside the base" : "policy banks, in this order:",
    ...loaded,
    `originating: ${originating ? "yes" : "no"}`,
  ];
}

/** Of mail that is not ours: which networks and listeners would have made it so. */
function networkLines(
  { originating, client }: Explanation,
  { mynetworks, mynetworksOrigin, originatingListeners }: Surroundings,
): readonly string[] {
  if (originating) return [];
  const shown = mynetworks.slice(0, maxNetworks).join(", ");
  const more = mynetworks.length > maxNetworks ? ` and ${mynetworks.length - maxNetworks} more` : "";
  const networks =
    mynetworks.length === 0
      ? []
      : [
          client === "not told"
            ? `  a client that is not told is never in mynetworks (${shown}${more}${at(mynetworksOrigin)})`
            : `  the client ${visible(client)} is not in mynetworks: ${shown}${more}${at(mynetworksOrigin)}`,
        ];
  const listeners =
    originatingListeners.length === 0
      ? []
      : [`  mail counts as ours when it comes in at ${originatingListeners.join(", ")}`];
  return [...networks, ...listeners];
}

const maxNetworks = 8;

function standingLines({ signatures }: Explanation): readonly string[] {
  return signatures.flatMap(({ domain, selector, standing }) => {
    const name = `signature d=${visible(domain)} s=${visible(selector)}`;
    if (standing === "counts") return [`${name} counts for banks, reputation and lists`];
    // Why it did not pass was said before.
    const word = standing === "not-pass" ? undefined : wordOf("standing", standing);
    return [`${name} counts for nothing: ${standing}`, ...meaningLines(word)];
  });
}

function mapLines({ maps }: Explanation): readonly string[] {
  const configured = maps.filter(({ origin }) => origin !== undefined);
  const defaults = maps.length - configured.length;
  return [
    configured.length === 0 ? "maps: none that is configured yields anything" : "maps:",
    ...configured.map((each) => `  ${mapLine(each)}`),
    ...(defaults === 0 ? [] : [`  and ${defaults} more that are not configured and have their default`]),
  ];
}

function mapLine({ map, by, address, value, key, origin }: MapYield): string {
  const shown = JSON.stringify(value) ?? String(value);
  return `${map}(${by} ${visible(address === "" ? "<>" : address)}) = ${visible(shown)}, by ${visible(key)}${at(origin)}`;
}

export function signingLines(
  { signing }: Pick<Explanation, "signing">,
  { isToldBefore = false }: Pick<ExplainContext, "isToldBefore"> = {},
): readonly string[] {
  const lines = signing.signatures.flatMap((each) =>
    each.result === "signed"
      ? [`signed: d=${visible(each.domain)} s=${visible(each.selector)} a=${each.algorithm}`]
      : [
          `not signed: ${each.reason}${each.detail === undefined || each.detail === "" ? "" : ` (${visible(each.detail)})`}`,
          ...(isToldBefore ? [] : meaningLines(wordOf("skip", each.reason))),
          ...parentLines(signing.candidates),
        ],
  );
  return [...lines, ...signing.candidates.flatMap(candidateLines)];
}

/** Mail of news.example.com, and a key for example.com: what signs with that. */
function parentLines(candidates: readonly CandidateFact[]): readonly string[] {
  const parents = new Map<string, string>();
  for (const { attempts } of candidates) {
    for (const { domain, parent } of attempts)
      if (domain !== undefined && parent !== undefined) parents.set(domain, parent);
  }
  return [...parents].flatMap(([domain, parent]) => [
    `  There is a key for ${visible(parent)}, the parent of ${visible(domain)}. To sign with it:`,
    `    dkim_signature_options_bysender_maps: [{ ".${visible(parent)}": { d: ${visible(parent)} } }]`,
  ]);
}

function candidateLines({ source, address, attempts, matches }: CandidateFact): readonly string[] {
  return [
    `  candidate ${source} ${visible(address === "" ? "<>" : address)}`,
    ...matches.map(({ key, origin }) => `    options by ${visible(key)}${at(origin)}`),
    ...attempts.map(({ result, domain, selector, detail }) => {
      const name = [
        domain === undefined ? "" : `d=${visible(domain)}`,
        selector === undefined ? "" : `s=${visible(selector)}`,
      ];
      const words = [result, ...name.filter((word) => word !== ""), detail === undefined ? "" : `(${visible(detail)})`];
      return `    ${words.filter((word) => word !== "").join(" ")}`;
    }),
  ];
}

function sealLines({ seal }: Explanation): readonly string[] {
  if (seal === undefined) return [];
  if (seal.result === "sealed")
    return [`ARC set added: d=${visible(seal.domain)} s=${visible(seal.selector)}, chain ${seal.chain}`];
  const word = wordOf("sealSkip", seal.reason) ?? wordOf("arc", seal.reason);
  return [`no ARC set added: ${seal.reason}`, ...meaningLines(word)];
}

const whatBreaks = {
  "8-bit": "octets above 127",
  "long-line": "a line of more than 998 octets",
  "broken-line": "a line that was broken within a word",
} as const;

/** In the words of `survival: check`. */
function survivalLines({ survival }: Explanation): readonly string[] {
  if (survival === undefined) return [];
  return survival.places.map(({ at, what, left }) => {
    if (survival.result === "fixed" && left === undefined) return `mended: ${visible(at)}, ${whatBreaks[what]}`;
    const why = left === undefined ? "" : ` (left as it is: ${left}; see docs/survival.md)`;
    return `would break at: ${visible(at)}, ${whatBreaks[what]}${why}`;
  });
}

function scoreLines({ scores }: Explanation): readonly string[] {
  return scores.flatMap(({ recipient, found, steps, listing }) => [
    found === undefined
      ? `spam score for ${visible(recipient)}, if there were one:`
      : `spam score for ${visible(recipient)}, ${points(found.start)} before lists and reputation, ${points(found.score)} after:`,
    ...steps.map((step) => {
      const by = step.matches.map(
        ({ address, value, key, origin }) => `${visible(address)}: ${String(value)} by ${visible(key)}${at(origin)}`,
      );
      return `  ${formatStep(step)} (${by.join("; ")})`;
    }),
    ...(listing === undefined
      ? []
      : [
          `  on a ${listing.list} list: ${visible(listing.by.address)}, by ${visible(listing.by.key)}${at(listing.by.origin)}`,
        ]),
  ]);
}

function points(value: number): string {
  return String(Number(value.toFixed(3)));
}

function at(origin: string | undefined): string {
  return origin === undefined ? "" : ` at ${visible(origin)}`;
}

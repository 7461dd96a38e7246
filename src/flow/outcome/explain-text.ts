// An explanation as lines for a terminal: for `check` and `why`.
import type { LoadReason } from "../../policy/bank.ts";
import type { MapYield } from "../../policy/explain.ts";
import { formatStep } from "../../policy/scores.ts";
import type { CandidateFact } from "../../signing/choose.ts";
import type { Explanation } from "./explain.ts";
import { visible } from "./log-line.ts";

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

/** One fact a line, without indentation at the top level; details are indented by two. */
export function explanationLines(explanation: Explanation): readonly string[] {
  return [
    ...authorLines(explanation),
    ...bankLines(explanation),
    ...standingLines(explanation),
    ...mapLines(explanation),
    ...signingLines(explanation),
    ...sealLines(explanation),
    ...scoreLines(explanation),
  ];
}

function authorLines({ client, authors, authorDoubt }: Explanation): readonly string[] {
  const named = authors.length === 0 ? "none" : authors.map(visible).join(", ");
  const doubt = authorDoubt === undefined ? "" : ` (not believed: ${authorDoubt})`;
  return [`client: ${visible(client)}`, `authors: ${named}${doubt}`];
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

function standingLines({ signatures }: Explanation): readonly string[] {
  return signatures.map(({ domain, selector, standing }) => {
    const name = `signature d=${visible(domain)} s=${visible(selector)}`;
    return standing === "counts"
      ? `${name} counts for banks, reputation and lists`
      : `${name} counts for nothing: ${standing}`;
  });
}

function mapLines({ maps }: Explanation): readonly string[] {
  const configured = maps.filter(({ origin }) => origin !== undefined);
  const defaults = maps.length - configured.length;
  return [
    configured.length === 0 ? "maps: none that is configured yields anything" : "maps:",
    ...configured.map((each) => `  ${mapLine(each)}`),
    ...(defaults === 0 ? [] : [`  and ${defaults} by their defaults`]),
  ];
}

function mapLine({ map, by, address, value, key, origin }: MapYield): string {
  const shown = JSON.stringify(value) ?? String(value);
  return `${map}(${by} ${visible(address === "" ? "<>" : address)}) = ${visible(shown)}, by ${visible(key)}${at(origin)}`;
}

export function signingLines({ signing }: Pick<Explanation, "signing">): readonly string[] {
  const lines = signing.signatures.map((each) =>
    each.result === "signed"
      ? `signed: d=${visible(each.domain)} s=${visible(each.selector)} a=${each.algorithm}`
      : `not signed: ${each.reason}${each.detail === undefined ? "" : ` (${visible(each.detail)})`}; see docs/keys.md`,
  );
  return [...lines, ...signing.candidates.flatMap(candidateLines)];
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
  return [
    seal.result === "sealed"
      ? `ARC set added: d=${visible(seal.domain)} s=${visible(seal.selector)}, chain ${seal.chain}`
      : `no ARC set added: ${seal.reason}; see docs/checks.md`,
  ];
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

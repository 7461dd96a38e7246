// spamd's protocol (spamd/PROTOCOL of SpamAssassin): one request per connection, a head of lines, a mail behind it.

import type { SpamTest } from "../mail/content.ts";
import { fieldBody, splitHeader } from "../mail/header.ts";
import { isPoints, maxTests, type SpamScan, testName } from "./spam-question.ts";
import type { ScannerTrouble } from "./trouble.ts";

/** More octets of a reply's head are no head. */
export const maxHeadOctets = 8 * 1024;
/** So much of the header section that spamd gives back; its own fields stand on top. */
export const maxHeaderOctets = 64 * 1024;

export const pingRequest = Buffer.from("PING SPAMC/1.5\r\n\r\n");

/** HEADERS: SYMBOLS, which amavisd asks for, gives neither scores of tests nor what was learned. */
export function requestHead(contentBytes: number, user: string | undefined): Buffer {
  const lines = ["HEADERS SPAMC/1.5", `Content-length: ${contentBytes}`];
  if (user !== undefined && user !== "") lines.push(`User: ${user.replace(/[\x00-\x1f\x7f]/g, "?")}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
}

export function isPong(reply: string): boolean {
  return /^SPAMD\/\d+\.\d+ 0 PONG/.test(reply);
}

/** What can be said of a reply that has come so far; "more": not enough of it yet. `isEnd`: nothing more will come. */
export function readSpamdReply(reply: Buffer, isEnd: boolean): SpamScan | ScannerTrouble | "more" {
  const headEnd = reply.indexOf("\r\n\r\n");
  if (headEnd === -1 || headEnd > maxHeadOctets) {
    if (reply.length > maxHeadOctets) return garbage(reply);
    // Refusals come without an empty line, and the end behind them.
    if (isEnd) return reply.length === 0 ? closed : (refusal(reply.toString("latin1")) ?? garbage(reply));
    return "more";
  }
  const head = reply.toString("latin1", 0, headEnd);
  const refused = refusal(head);
  if (refused !== undefined) return refused;
  const spam =
    /^Spam:[ \t]*(?:True|Yes|False|No)[ \t]*;[ \t]*(-?\d+(?:\.\d+)?)[ \t]*\/[ \t]*(-?\d+(?:\.\d+)?)[ \t]*$/im.exec(
      head,
    );
  const [score, required] = [Number(spam?.[1]), Number(spam?.[2])];
  if (!/^SPAMD\/\d+\.\d+ 0 EX_OK\b/.test(head) || !isPoints(score) || !isPoints(required)) return garbage(reply);
  const body = reply.subarray(headEnd + 4);
  const [, length] = /^Content-length:[ \t]*(\d{1,12})[ \t]*$/im.exec(head) ?? [];
  const wanted = length === undefined ? maxHeaderOctets : Math.min(Number(length), maxHeaderOctets);
  if (body.length < wanted && !isEnd) return "more";
  if (body.length < wanted && length !== undefined) return closed;
  return { score, required, ...statusOf(body) };
}

const closed: ScannerTrouble = { trouble: "closed", detail: "it hung up before the end of its answer" };

/** "SPAMD/1.0 76 Bad header line: …": spamd's codes are those of sysexits. */
function refusal(head: string): ScannerTrouble | undefined {
  const [, code, words = ""] = /^SPAMD\/\d+\.\d+ (\d{1,5})(?: ([^\r\n]*))?/.exec(head) ?? [];
  if (code === undefined || code === "0") return undefined;
  // EX_TIMEOUT: its own limit on one mail (--timeout-child) has passed.
  return { trouble: "refused", detail: shown(`${code} ${words}`.trim()) };
}

function garbage(reply: Buffer): ScannerTrouble {
  const start = JSON.stringify(shown(reply.toString("latin1", 0, 200)));
  return { trouble: "garbage", detail: `not an answer of spamd: ${start}` };
}

/** What goes to the log: printable ASCII, of bounded length. */
function shown(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]/g, "?");
}

/** Tests and learning from the topmost X-Spam-Status: SpamAssassin puts its fields on top of the mail's. */
function statusOf(header: Buffer): Pick<SpamScan, "tests" | "autolearn"> {
  const { fields } = splitHeader(header, { maxBytes: maxHeaderOctets, maxFields: 1000, maxLines: 2000 });
  const status = fields.find(({ name }) => name === "x-spam-status");
  return status === undefined ? { tests: [] } : parseSpamStatus(fieldBody(status.raw));
}

/**
 * Reads "Yes, score=6.1 required=5.0 tests=A,B=1.5 autolearn=no …", the tests with scores where the template has
 * _TESTSSCORES_, in brackets as amavisd writes them or not.
 */
export function parseSpamStatus(status: string): Pick<SpamScan, "tests" | "autolearn"> {
  const [, autolearn] = /(?:^|\s)autolearn=([a-z]{1,20})(?:\s|$)/.exec(status) ?? [];
  const tests: SpamTest[] = [];
  const start = status.search(/(?:^|\s)tests=/);
  if (start >= 0) {
    for (const word of status.slice(status.indexOf("=", start) + 1).split(/[,\s[\]]+/)) {
      const [text = "", value, ...more] = word.split("=");
      if (text === "" || text === "none") continue;
      const score = value === undefined ? undefined : Number(value);
      const name = testName(text);
      // The next of the template's words: "autolearn=no".
      if (name === undefined || more.length > 0 || !isPoints(score ?? 0) || value === "") break;
      if (tests.length < maxTests) tests.push(score === undefined ? { name } : { name, score });
    }
  }
  return { tests, ...(autolearn !== undefined && { autolearn }) };
}

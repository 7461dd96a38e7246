// What is in a mail, asked under the bank that its signatures have loaded: faults of its header section, its parts,
// viruses. Nothing is looked for that every recipient bypasses.
import type { Facts } from "../../checks/check.ts";
import type { ContentFacts, ForScanners, HeaderFault, PartsFound, Unchecked, VirusFound } from "../../mail/content.ts";
import type { Message } from "../../mail/message.ts";
import type { Envelope } from "../../mail/transaction.ts";
import type { PolicyBank } from "../../policy/bank.ts";
import type { JudgedMail } from "../mail.ts";

export interface InspectNeeds {
  /** Faults of the header section by all tests (amavis.md 7.5). */
  headerFaults(message: Message): readonly HeaderFault[];
  /** Whether a recipient has rules against names and types. */
  bansNames(bank: PolicyBank, recipient: string): boolean;
  /** Never rejects: what cannot be taken apart is unchecked. `isScanned`: scanners are asked about the mail as well. */
  lookIntoParts(message: Message, isScanned: boolean): PartsFound | Promise<PartsFound>;
  /** Asks the virus scanners of the mail's bank. Never rejects: when all fail it says so. */
  scanViruses(mail: JudgedMail): VirusFound | Promise<VirusFound>;
  /** The same about content of the mail that they do not get at by themselves. */
  scanContent(mail: JudgedMail, octets: Uint8Array): VirusFound | Promise<VirusFound>;
}

type BypassMap =
  | "bypass_virus_checks_maps"
  | "bypass_banned_checks_maps"
  | "bypass_header_checks_maps"
  | "bypass_spam_checks_maps";

export function createInspect({ headerFaults, bansNames, lookIntoParts, scanViruses, scanContent }: InspectNeeds) {
  function wants({ bank, envelope }: Wish): Wanted {
    const virus = hasVirusScanners(bank) && isAsked("bypass_virus_checks_maps", bank, envelope);
    const names =
      !bank.bypass_decode_parts &&
      envelope.recipients.some(
        ({ address }) => !isBypassed("bypass_banned_checks_maps", bank, address) && bansNames(bank, address),
      );
    return {
      header: isAsked("bypass_header_checks_maps", bank, envelope),
      // What a scanner is shown may hide from it what cannot be taken apart: that makes the mail unchecked.
      parts: names || (virus && !bank.bypass_decode_parts),
      virus,
      scanned: virus || (bank.spam_scanners.length > 0 && isAsked("bypass_spam_checks_maps", bank, envelope)),
    };
  }

  return function inspect(mail: JudgedMail): Facts | Promise<Facts> {
    const { bank, facts, transaction } = mail;
    const { message, envelope } = transaction;
    const { header, parts, virus, scanned } = wants({ bank, envelope });
    const faults: ContentFacts = header ? { headerFaults: headerFaults(message) } : {};
    if (!parts && !virus) return header ? { ...facts, content: faults } : facts;
    // First who never rejects: nobody would wait for it if the other one threw.
    const inScan = virus ? scanViruses(mail) : undefined;
    const inParts = parts ? lookIntoParts(message, scanned) : undefined;
    const ended = (found: PartsFound | undefined, scan: VirusFound | undefined): Facts | Promise<Facts> => {
      if (found?.forScanners === undefined) return withFound(facts, faults, found, scan);
      const { forScanners, ...parts } = found;
      if (scan === undefined || scan.names.length > 0) return withFound(facts, faults, parts, scan);
      return scanFurther(mail, scan, forScanners).then((all) =>
        withFound(facts, faults, tellOfMore(parts, forScanners), all),
      );
    };
    // What is remembered is there at once.
    if (!(inParts instanceof Promise || inScan instanceof Promise)) return ended(inParts, inScan);
    return Promise.all([inParts, inScan]).then((found) => ended(...found));
  };

  async function scanFurther(mail: JudgedMail, whole: VirusFound, { pieces }: ForScanners): Promise<VirusFound> {
    const found = await Promise.all(pieces.map((octets) => scanContent(mail, octets)));
    // Of scanners that found nothing in a piece nobody has to hear.
    const answers = found.flatMap((each) => each.answers.filter(({ result }) => result !== "clean"));
    return {
      names: [...new Set(found.flatMap(({ names }) => names))],
      answers: [...whole.answers, ...answers],
      failed: whole.failed || found.some(({ failed }) => failed),
      cached: whole.cached && found.every(({ cached }) => cached),
    };
  }
}

function tellOfMore(parts: PartsFound, { isWhole }: ForScanners): PartsFound {
  if (isWhole) return parts;
  const more: Unchecked = { reason: "over-limits", detail: "more unpacked content than virus scanners are shown" };
  return { ...parts, unchecked: [...parts.unchecked, more] };
}

function withFound(
  facts: Facts,
  faults: ContentFacts,
  parts: PartsFound | undefined,
  virus: VirusFound | undefined,
): Facts {
  return {
    ...facts,
    content: {
      ...faults,
      ...(parts === undefined ? {} : { parts }),
      ...(virus === undefined ? {} : { virus }),
    },
  };
}

interface Wish {
  readonly bank: PolicyBank;
  readonly envelope: Envelope;
}

interface Wanted {
  readonly header: boolean;
  readonly parts: boolean;
  readonly virus: boolean;
  /** By a scanner of whatever kind. */
  readonly scanned: boolean;
}

function hasVirusScanners({ av_scanners, av_scanners_backup }: PolicyBank): boolean {
  return av_scanners.length > 0 || av_scanners_backup.length > 0;
}

function isAsked(map: BypassMap, bank: PolicyBank, { recipients }: Envelope): boolean {
  return recipients.some(({ address }) => !isBypassed(map, bank, address));
}

function isBypassed(map: BypassMap, bank: PolicyBank, recipient: string): boolean {
  return bank[map].first(recipient)?.value === true;
}

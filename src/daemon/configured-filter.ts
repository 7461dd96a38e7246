// What mail goes through under one configuration: banks, keys, pipeline. A reload builds the next one beside it; mails under
// way finish on the one that they came in with.
import type { Authenticator } from "../authres/authenticator.ts";
import { createChecks } from "../checks/all.ts";
import { headerFaults } from "../checks/header-faults.ts";
import type { Config } from "../config/config.ts";
import type { Correspondence } from "../correspondence/sent-mail.ts";
import type { DkimEngine } from "../dkim/engine.ts";
import { withinBudget } from "../dns/budget.ts";
import type { JudgedMail, Leaving, Signed } from "../flow/mail.ts";
import { type BeginMilterMail, createMilterFlow, milterNextHops } from "../flow/milter-flow.ts";
import { createNoticeLimit } from "../flow/notices/notice-limit.ts";
import { type BeginMail, createPipeline, type Stages } from "../flow/pipeline.ts";
import { type ReleaseAnswer, type ReleaseRequest, releaseFrom, releaseMail } from "../flow/release-mail.ts";
import { withSoftBounce } from "../flow/soft-bounce.ts";
import { createAcquaint, rememberSent } from "../flow/stages/acquaint.ts";
import { createAnnotate } from "../flow/stages/annotate.ts";
import { createArrivals } from "../flow/stages/arrival.ts";
import { createAskScanners } from "../flow/stages/ask-scanners.ts";
import { createDecide } from "../flow/stages/decide.ts";
import { withFingerprint } from "../flow/stages/fingerprint.ts";
import { createInspect } from "../flow/stages/inspect.ts";
import { createKeep } from "../flow/stages/keep.ts";
import { createNextHops, fixedNextHops } from "../flow/stages/next-hops.ts";
import { createNotify } from "../flow/stages/notify.ts";
import { createRefine } from "../flow/stages/refine.ts";
import { createRelayStage } from "../flow/stages/relay-mail.ts";
import { exceptReleased } from "../flow/stages/released.ts";
import { createScore } from "../flow/stages/score.ts";
import { createSeal } from "../flow/stages/seal.ts";
import { createSigning, createSignStage } from "../flow/stages/sign-mail.ts";
import { createSurvive } from "../flow/stages/survive.ts";
import { createDkimVerifier } from "../flow/stages/verify-dkim.ts";
import { createSubmitOwn, type ObserveOwnMail } from "../flow/submit-own.ts";
import { type ObserveStage, timed } from "../flow/timed.ts";
import type { TableContext } from "../lookup/table.ts";
import { clientAddress } from "../mail/client.ts";
import type { ListenerName, Session } from "../mail/transaction.ts";
import { createTemplates } from "../notices/templates.ts";
import { authservIds } from "../policy/authserv-ids.ts";
import type { PolicyBank } from "../policy/bank.ts";
import { bansNames } from "../policy/banned.ts";
import { createRouter, type Router } from "../policy/router.ts";
import type { DkimPool } from "../pool/dkim-engine.ts";
import { realFiles } from "../quarantine/files.ts";
import type { Quarantine } from "../quarantine/quarantine.ts";
import type { Relay } from "../relay/delivery.ts";
import type { Resolve } from "../rr/answer.ts";
import type { Peek } from "../rr/known-answers.ts";
import type { FingerprintAsker } from "../scanners/p0f.ts";
import { createSigner, type Signer } from "../signing/choose.ts";
import type { Keyring } from "../signing/keyring.ts";
import type { ContentParts } from "./content-parts.ts";
import { dnsBudget } from "./part-options.ts";

/** What one process makes once and all its configurations use. */
export interface SharedParts {
  readonly engine: Pick<DkimEngine, "verify" | "sign">;
  readonly digestBody: DkimPool["digestBody"];
  /** SPF, ARC and sealing; asked only where a bank wants them. */
  readonly authenticator: Authenticator;
  readonly resolve: Resolve;
  /** Looks into the resolver's cache. */
  readonly peek?: Peek;
  readonly relay: Relay;
  /** Looks into mail; asked only where a bank wants it. */
  readonly content: Pick<ContentParts, "lookIntoParts" | "scanViruses" | "scoreSpam" | "makeSurvive">;
  /** Called with the time that each stage took. */
  readonly observeStage?: ObserveStage;
  readonly observeOwnMail?: ObserveOwnMail;
  /** Called for each mail that owes copies. */
  readonly observeKept?: (result: string) => void;
  /** Called for a mail whose client the MTA did not name, on a listener where that matters. */
  readonly onUntoldClient?: (session: Session) => void;
  /** A notice of ours was lost: a line for the log. */
  readonly onNoticeLost?: (text: string) => void;
  /** What our users sent. Absent in commands, and where nothing remembers it. */
  readonly sentMail?: Correspondence;
  /** Asks what systems clients run. */
  readonly fingerprints?: FingerprintAsker;
  /** Absent in commands: they keep nothing. */
  readonly quarantine?: Quarantine;
}

export interface ConfiguredFilter {
  readonly config: Config;
  readonly router: Router;
  readonly signer: Signer;
  /** The bank a connection to this listener starts with. */
  atConnect(listener: ListenerName): PolicyBank;
  /** Sends a mail that was kept. Never rejects. */
  release(request: ReleaseRequest): Promise<ReleaseAnswer>;
  /** A header is in: a mail is under way. */
  readonly begin: BeginMail;
  /** The same for mail that its MTA sends on. */
  readonly beginMilter: BeginMilterMail;
}

export interface FilterInput {
  readonly config: Config;
  readonly keyring: Keyring;
  /** For tables in files, and where each table stands. */
  readonly tables: TableContext;
  /** All mail starts with this bank, wherever it comes in; for commands that are given a bank and not a port. */
  readonly bank?: string;
}

/** Notices to one address: enough to report an outbreak, too few to fill a mailbox. */
const noticesPerHour = 60;

export function createConfiguredFilter(input: FilterInput, shared: SharedParts): ConfiguredFilter {
  const { config, keyring, tables, bank: only } = input;
  const { engine, digestBody, authenticator, resolve, peek, relay, content } = shared;
  const { observeStage, observeOwnMail, onUntoldClient, onNoticeLost, observeKept } = shared;
  const { quarantine, sentMail, fingerprints } = shared;
  const router = createRouter(config, tables);
  const signer = createSigner(keyring);
  const budget = dnsBudget(config);
  const messageTimeMs = config.limits.message_time * 1000;
  const nextHops = createNextHops();
  const ownIds = authservIds(config);
  const templates = createTemplates(tables.readFile);
  const arrive = createArrivals({
    verifier: createDkimVerifier(engine, digestBody),
    checks: createChecks({ authenticator, ...(peek === undefined ? {} : { peek }) }),
    signer,
    digestBody,
    resolveForMail: () => withinBudget(resolve, budget),
    now: Date.now,
  });
  const signAsPlanned = createSigning({ engine, digestBody });
  const signMail = createSignStage(signAsPlanned, createSurvive(content));
  const seal = createSeal({ authenticator, keyring, mydomain: config.mydomain, digestBody });
  const submitOwn = createSubmitOwn({
    signer,
    signAsPlanned,
    relay,
    ...(observeOwnMail === undefined ? {} : { observe: observeOwnMail }),
  });

  const asks = createAskScanners({ scanners: content, messageTimeMs });

  /** By the name's identity: a connection has one for all its mails. */
  const banksAtConnect = new WeakMap<ListenerName, PolicyBank>();
  function atConnect(listener: ListenerName): PolicyBank {
    let bank = banksAtConnect.get(listener);
    if (bank === undefined) {
      bank = only === undefined ? router.atConnect(listener) : router.load(router.base, [only], "command");
      banksAtConnect.set(listener, bank);
    }
    return bank;
  }

  function sign(mail: JudgedMail, leaving: readonly Leaving[]): Signed | Promise<Signed> {
    return mail.bank.arc_seal ? signAndSeal(mail, leaving) : signMail(mail, leaving);
  }

  async function signAndSeal(mail: JudgedMail, leaving: readonly Leaving[]): Promise<Signed> {
    const signed = await signMail(mail, leaving);
    return "refused" in signed ? signed : { ...signed, ...(await seal(mail, signed.leaving)) };
  }

  const acquaint =
    sentMail === undefined
      ? undefined
      : createAcquaint({
          sentMail,
          threshold: { low: config.penpals_threshold_low, high: config.penpals_threshold_high },
        });

  /** Pen pals and bounces are asked about when there is a score: it may be too low or too high for that. */
  function acquainted(score: Stages["score"]): Stages["score"] {
    if (acquaint === undefined) return score;
    return (mail) => {
      const scored = score(mail);
      return scored instanceof Promise
        ? scored.then((facts) => acquaint({ ...mail, facts }))
        : acquaint({ ...mail, facts: scored });
    };
  }

  function remembering(notify: Stages["notify"]): Stages["notify"] {
    if (sentMail === undefined) return notify;
    return (mail, settled) => {
      rememberSent(sentMail, mail, settled);
      return notify(mail, settled);
    };
  }

  const looking: Stages = {
    route(session, envelope, head) {
      const connected = atConnect(session.listener);
      const bank = router.atMail(connected, session, envelope.sender.address);
      if (!connected.originating && clientAddress(session.client) === undefined) onUntoldClient?.(session);
      return arrive(bank, session, envelope, head);
    },
    check: (arrival, transaction) => arrival.judge(transaction),
    refine: createRefine(router),
    inspect: withFingerprint(
      createInspect({
        headerFaults,
        bansNames,
        lookIntoParts: content.lookIntoParts,
        scanViruses: asks.scanViruses,
        scanContent: asks.scanContent,
      }),
      fingerprints,
    ),
    score: acquainted(createScore(asks.scoreSpam)),
    decide: createDecide({
      receivedFields: config.limits.received_fields,
      // RFC 5321 section 4.5.3.1.7.
      leastSizeLimit: config.enforce_smtpd_message_size_limit_64kb_min ? 65_536 : 0,
    }),
    keep:
      quarantine === undefined
        ? (_mail, decisions) => decisions
        : createKeep({
            keepCopies: quarantine.keepCopies,
            submitOwn,
            notifyHops: nextHops.notify,
            settings: config,
            passTokens: () => quarantine.passTokens,
            ...(observeKept === undefined ? {} : { observe: observeKept }),
            messageTimeMs,
            now: Date.now,
            onTrouble: (logId, detail) => quarantine.tell(`(${logId}) a copy cannot be kept: ${detail}`),
          }),
    annotate: createAnnotate(nextHops.forward, ownIds),
    sign,
    relay: createRelayStage(relay, { messageTimeMs }),
    notify: remembering(
      createNotify({
        notifyHops: nextHops.notify,
        submitOwn,
        templates,
        messageTimeMs,
        now: Date.now,
        limit: createNoticeLimit(noticesPerHour),
        onLost: (logId, detail) => onNoticeLost?.(`(${logId}) ${detail}`),
      }),
    ),
  };
  const stages: Stages = { ...looking, ...exceptReleased(looking, () => quarantine?.passTokens) };
  const observed = (inner: Stages) => (observeStage === undefined ? inner : timed(inner, observeStage));
  const around = (inner: Stages) => observed(withSoftBounce(inner));
  const begin = createPipeline(around(stages));
  const beginMilter = createMilterFlow(
    { ...stages, annotate: createAnnotate(milterNextHops, ownIds, "stays") },
    around,
  );

  function release(request: ReleaseRequest): Promise<ReleaseAnswer> {
    const { base } = router;
    return releaseMail(request, {
      index: quarantine?.index ?? { list: async () => [], released: async () => undefined },
      files: realFiles,
      settings: {
        auth_required_release: base.auth_required_release,
        release_format: base.release_format,
        myhostname: base.myhostname,
        from: releaseFrom(base),
      },
      now: Date.now,
      passTokens: quarantine?.passTokens,
      submit: ({ sender, parameters, recipients, message }) =>
        submitOwn({
          kind: "release",
          envelope: {
            sender: { address: sender, parameters },
            recipients: recipients.map((address) => ({ address, parameters: "" })),
          },
          message,
          bank: base,
          nextHops: fixedNextHops([base.release_method ?? base.notify_method]).flat(),
          writtenAtMs: Date.now(),
          deadlineMs: performance.now() + messageTimeMs,
        }),
    });
  }

  return { config, router, signer, atConnect, release, begin, beginMilter };
}

/** Whether any bank has work for the threads that do SPF and ARC; else they are not even started. */
export function asksAuthenticator({ base, policy_bank }: Config): boolean {
  return [base, ...policy_bank.values()].some(
    (bank) => bank.enable_spf_verification || bank.enable_arc_verification || bank.arc_seal,
  );
}

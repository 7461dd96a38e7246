// One generation of the configuration at work: banks, keys, pipeline. A reload builds the next one beside it; mails
// under way finish on the one they came in with.
import { cpus } from "node:os";
import { sealDigestSpec } from "../arc/fields.ts";
import type { Authenticator } from "../authres/authenticator.ts";
import { createChecks } from "../checks/all.ts";
import type { Config } from "../config/config.ts";
import type { DkimEngine } from "../dkim/engine.ts";
import { withinBudget } from "../dns/budget.ts";
import type { Outcome } from "../flow/outcome/outcome.ts";
import {
  type Checked,
  createPipeline,
  type Leaving,
  type Passage,
  type Signed,
  type Stages,
} from "../flow/pipeline.ts";
import { createAnnotate } from "../flow/stages/annotate.ts";
import { type Arrival, createArrivals } from "../flow/stages/arrival.ts";
import { createDecide } from "../flow/stages/decide.ts";
import { createNextHops } from "../flow/stages/next-hops.ts";
import { createNotify } from "../flow/stages/notify.ts";
import { createSeal } from "../flow/stages/seal.ts";
import { createSignStage } from "../flow/stages/sign-mail.ts";
import { createDkimVerifier } from "../flow/stages/verify-dkim.ts";
import type { TableContext } from "../lookup/table.ts";
import { readAuthors } from "../mail/authors.ts";
import { type BodyDigestSpec, isSameSpec } from "../mail/digest.ts";
import type { MessageHead } from "../mail/message.ts";
import type { Envelope, ListenerName, Session, Transaction } from "../mail/transaction.ts";
import { type ObserveStage, timed } from "../metrics/timed.ts";
import { refine } from "../policy/author-banks.ts";
import type { PolicyBank } from "../policy/bank.ts";
import { createRouter, type Router } from "../policy/router.ts";
import type { DkimPool } from "../pool/dkim-engine.ts";
import type { Relay } from "../relay/delivery.ts";
import type { Resolve } from "../rr/answer.ts";
import type { Peek } from "../rr/known-answers.ts";
import { createSigner, type Signer } from "../signing/choose.ts";
import type { Keyring } from "../signing/keyring.ts";
import { dnsBudget } from "./part-options.ts";

/** What outlives a generation. */
export interface SharedParts {
  readonly engine: Pick<DkimEngine, "verify" | "sign">;
  readonly digestBody: DkimPool["digestBody"];
  /** SPF, ARC and sealing; asked only where a bank wants them. */
  readonly authenticator: Authenticator;
  readonly resolve: Resolve;
  /** Looks into the resolver's cache. */
  readonly peek?: Peek;
  readonly relay: Relay;
  /** Told how long each stage took. */
  readonly observeStage?: ObserveStage;
}

export interface ConfiguredFilter {
  readonly config: Config;
  readonly router: Router;
  readonly signer: Signer;
  /** The bank a connection to this listener starts with. */
  atConnect(listener: ListenerName): PolicyBank;
  /** A header is in: keys are asked for. What it returns names the digests that a large body will need. */
  begin(session: Session, envelope: Envelope, head: MessageHead): () => readonly BodyDigestSpec[];
  /** Forgets what `begin` started: the mail will not come. */
  forget(session: Session): void;
  filter(transaction: Transaction): Promise<Outcome>;
}

export interface FilterInput {
  readonly config: Config;
  readonly keyring: Keyring;
  /** For tables in files, and where each table stands. */
  readonly tables: TableContext;
  /** All mail starts with this bank, wherever it comes in; for commands that are told a bank and not a port. */
  readonly bank?: string;
}

export function createConfiguredFilter(input: FilterInput, workshop: SharedParts): ConfiguredFilter {
  const { config, keyring, tables, bank: only } = input;
  const { engine, digestBody, authenticator, resolve, peek, relay, observeStage } = workshop;
  const router = createRouter(config, tables);
  const signer = createSigner(keyring);
  const budget = dnsBudget(config);
  const verifier = createDkimVerifier(engine, digestBody);
  const nextHops = createNextHops();
  const checks = createChecks({ authenticator, ...(peek === undefined ? {} : { peek }) });
  const beginArrival = createArrivals({
    verifier,
    checks,
    digestBody,
    resolveForMail: () => withinBudget(resolve, budget),
    now: Date.now,
  });
  const signMail = createSignStage({ signer, engine, digestBody });
  const seal = createSeal({ authenticator, keyring, mydomain: config.mydomain, digestBody });
  const arrivals = new WeakMap<Session, Arrival>();

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

  function arrive(session: Session, envelope: Envelope, head: MessageHead): Arrival {
    const bank = router.atMail(atConnect(session.listener), session, envelope.sender.address);
    const arrival = beginArrival(bank, session, envelope, head);
    arrivals.set(session, arrival);
    return arrival;
  }

  function arrivalOf({ session, envelope, message }: Transaction): Arrival {
    return arrivals.get(session) ?? arrive(session, envelope, message);
  }

  function sign(passage: Passage, leaving: readonly Leaving[]): Promise<Signed> {
    return passage.bank.arc_seal ? signAndSeal(passage, leaving) : signMail(passage, leaving);
  }

  async function signAndSeal(passage: Passage, leaving: readonly Leaving[]): Promise<Signed> {
    const signed = await signMail(passage, leaving);
    return "refused" in signed ? signed : { ...signed, ...(await seal(passage, signed.leaving)) };
  }

  function refineBank(bank: PolicyBank, { verifications }: Checked, { message }: Transaction): PolicyBank {
    if (!verifications.some(({ result }) => result === "pass")) return bank;
    return refine(router, bank, { verifications, authors: readAuthors(message) });
  }

  const messageTimeMs = config.limits.message_time * 1000;
  const stages: Stages = {
    route: (transaction) => arrivalOf(transaction).bank,
    check(_bank, transaction) {
      const arrival = arrivalOf(transaction);
      // The session may be remembered for long; what was read of this mail's header must not be.
      arrivals.delete(transaction.session);
      return arrival.finish(transaction);
    },
    refine: refineBank,
    decide: createDecide({ receivedFields: config.limits.received_fields }),
    annotate: createAnnotate(nextHops.forward, { messageTimeMs }),
    sign,
    relay,
    notify: createNotify({ notifyHops: nextHops.notify, sign: signMail, relay, messageTimeMs }),
  };
  const filter = createPipeline(observeStage === undefined ? stages : timed(stages, observeStage));

  return {
    config,
    router,
    signer,
    atConnect,
    begin(session, envelope, head) {
      const { bank, digests } = arrive(session, envelope, head);
      return () => {
        const signing = signer.digestSpecs({ head, mailFrom: envelope.sender.address, bank });
        return distinct([...digests, ...signing, ...(bank.arc_seal ? [sealDigestSpec] : [])]);
      };
    },
    forget: (session) => void arrivals.delete(session),
    filter,
  };
}

function distinct(specs: readonly BodyDigestSpec[]): readonly BodyDigestSpec[] {
  return specs.filter((spec, index) => specs.findIndex((other) => isSameSpec(spec, other)) === index);
}

/** One thread per core, less one for the main thread, at least one. */
export function defaultThreads(): number {
  return Math.max(1, cpus().length - 1);
}

/** Whether any bank has work for the threads that do SPF and ARC; else they are not even started. */
export function asksAuthenticator({ base, policy_bank }: Config): boolean {
  return [base, ...policy_bank.values()].some(
    (bank) => bank.enable_spf_verification || bank.enable_arc_verification || bank.arc_seal,
  );
}

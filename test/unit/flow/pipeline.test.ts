import assert from "node:assert/strict";
import { test } from "node:test";
import { noFacts } from "../../../src/checks/check.ts";
import type { JudgedMail, Leaving } from "../../../src/flow/mail.ts";
import type { Outcome } from "../../../src/flow/outcome/outcome.ts";
import { createPipeline, type Stages } from "../../../src/flow/pipeline.ts";
import { withSoftBounce } from "../../../src/flow/soft-bounce.ts";
import { accepted, type Decision, refused } from "../../../src/policy/decision.ts";
import type { Delivery } from "../../../src/relay/delivery.ts";
import { notSentReply } from "../../../src/smtp/final-reply.ts";
import { formatReply, type Reply } from "../../../src/smtp/reply.ts";
import { arrivalUnder, bankWith, delivery, hop, later, type MailText, no, ok, transactionOf } from "./mails.ts";

const going: Decision = { ...accepted, nextHops: [hop] };
const rejected = refused("dmarc", "reject", { code: 550, enhanced: "5.7.26", text: "Reject, no" });
const putOff = refused("dmarc", "tempfail", { code: 451, enhanced: "4.7.26", text: "later" });
const discarded = refused("dmarc", "discard", { code: 250, enhanced: "2.7.0", text: "Ok, discarded" });

interface Scene {
  readonly mail?: MailText;
  readonly soft_bounce?: boolean;
  /** One per recipient; all go on where nothing is said. */
  readonly decisions?: readonly Decision[];
  /** What the next hop says to each RCPT, before any content. */
  readonly replies?: readonly Reply[];
  readonly stages?: Partial<Stages>;
}

interface Seen {
  readonly outcome: Outcome;
  /** Recipients of mail whose content was sent, by their places. */
  readonly sent: readonly number[];
}

/** A mail through stages that do as the scene says; its next hop sends content only if it may. */
async function pass({ mail = {}, soft_bounce = false, decisions, replies, stages = {} }: Scene): Promise<Seen> {
  const bank = bankWith({ soft_bounce });
  const transaction = transactionOf(mail);
  const { session, envelope, message } = transaction;
  const sent: number[] = [];
  const all: Stages = {
    route: () => arrivalUnder(bank),
    check: async () => noFacts,
    refine: (given) => given,
    inspect: ({ facts }) => facts,
    score: ({ facts }) => facts,
    keep: (_mail, given) => given,
    decide: () => decisions ?? envelope.recipients.map(() => going),
    annotate: (_mail, given) => given,
    sign: async (_mail, leaving) => ({ leaving, signings: [] }),
    async relay(_mail, leaving, proceed): Promise<readonly Delivery[]> {
      const said = leaving.map(({ recipients }) => recipients.map((place) => replies?.[place] ?? ok));
      const goes = proceed(said);
      if (goes) sent.push(...leaving.flatMap(({ recipients }) => recipients));
      return said.map((each) => delivery(...each.map((reply) => (goes || reply.code >= 400 ? reply : notSentReply))));
    },
    notify: async (_mail, settled) => settled,
    ...stages,
  };
  const begin = createPipeline(withSoftBounce(all));
  const outcome = await begin(session, envelope, message).finish(transaction);
  return { outcome, sent };
}

const two = { recipients: ["a@here.example", "b@here.example"] };

interface ReplyCase extends Scene {
  readonly title: string;
  readonly reply: RegExp;
  readonly sent: readonly number[];
  /** Category and rule by recipient. */
  readonly decided: readonly string[];
}

const cases: readonly ReplyCase[] = [
  { title: "a mail that the next hop takes", reply: /^250 2\.0\.0 from MTA/, sent: [0], decided: ["CC_CLEAN"] },
  {
    title: "one refused by the next hop",
    replies: [no],
    reply: /^550 5\.1\.1 id=4711-01 - Rejected by next-hop MTA/,
    sent: [0],
    decided: ["CC_MTA"],
  },
  {
    title: "one of two refused by the next hop: the other is served",
    mail: two,
    replies: [ok, no],
    reply: /^250 .*, but 1 REJECT$/,
    sent: [0, 1],
    decided: ["CC_CLEAN", "CC_MTA"],
  },
  {
    title: "one of two put off by the next hop: nothing is sent to anybody",
    mail: two,
    replies: [ok, later],
    reply: /^450 4\.2\.0 /,
    sent: [],
    decided: ["CC_MTA", "CC_MTA"],
  },
  {
    title: "one of two put off by a rule of ours: nothing is sent to anybody",
    mail: two,
    decisions: [going, putOff],
    reply: /^451 4\.7\.26 later/,
    sent: [],
    decided: ["CC_MTA", "CC_POLICY dmarc"],
  },
  {
    title: "one of two rejected by a rule of ours: the other is served",
    mail: two,
    decisions: [going, rejected],
    reply: /^250 .*, but 1 REJECT$/,
    sent: [0],
    decided: ["CC_CLEAN", "CC_POLICY dmarc"],
  },
  {
    title: "all rejected by a rule of ours",
    mail: two,
    decisions: [rejected, rejected],
    reply: /^550 5\.7\.26 Reject, no$/,
    sent: [],
    decided: ["CC_POLICY dmarc", "CC_POLICY dmarc"],
  },
  {
    title: "discarded",
    decisions: [discarded],
    reply: /^250 2\.7\.0 Ok, discarded$/,
    sent: [],
    decided: ["CC_POLICY dmarc"],
  },
  {
    title: "LMTP, one of two put off by a rule of ours: the other is served, for each has a reply",
    mail: { ...two, protocol: "LMTP" },
    decisions: [going, putOff],
    reply: /^451 /,
    sent: [0],
    decided: ["CC_CLEAN", "CC_POLICY dmarc"],
  },
  {
    title: "LMTP, one of two put off by the next hop: the other is served",
    mail: { ...two, protocol: "LMTP" },
    replies: [later, ok],
    reply: /^450 /,
    sent: [0, 1],
    decided: ["CC_MTA", "CC_CLEAN"],
  },
  {
    title: "soft_bounce, refused by the next hop: put off",
    soft_bounce: true,
    replies: [no],
    reply: /^450 4\.1\.1 id=4711-01 - Temporary MTA failure on relaying/,
    sent: [],
    decided: ["CC_MTA"],
  },
  {
    title: "soft_bounce, one of two refused by the next hop: nothing is sent, for the client comes again for both",
    mail: two,
    soft_bounce: true,
    replies: [ok, no],
    reply: /^450 4\.1\.1 /,
    sent: [],
    decided: ["CC_MTA", "CC_MTA"],
  },
  {
    title: "soft_bounce, one of two rejected by a rule of ours: nothing is sent",
    mail: two,
    soft_bounce: true,
    decisions: [going, rejected],
    reply: /^450 4\.7\.26 Reject, no$/,
    sent: [],
    decided: ["CC_MTA", "CC_POLICY dmarc"],
  },
  {
    title: "soft_bounce changes nothing for mail that is taken",
    soft_bounce: true,
    reply: /^250 2\.0\.0 /,
    sent: [0],
    decided: ["CC_CLEAN"],
  },
];

for (const { title, reply, sent, decided, ...scene } of cases) {
  test(title, async () => {
    const seen = await pass(scene);
    assert.match(formatReply(seen.outcome.reply), reply);
    assert.deepEqual(seen.sent, sent);
    const words = seen.outcome.recipients.map(({ category, rule }) =>
      rule === undefined ? category : `${category} ${rule}`,
    );
    assert.deepEqual(words, decided);
  });
}

test("LMTP has a reply for each recipient, in the order of the envelope", async () => {
  const { outcome } = await pass({ mail: { ...two, protocol: "LMTP" }, decisions: [rejected, going] });
  assert.deepEqual(
    outcome.recipientReplies?.map(({ code }) => code),
    [550, 250],
  );
});

const broken = new Error("broken");
const breaking: Readonly<Record<Exclude<keyof Stages, "route">, Partial<Stages>>> = {
  check: { check: () => Promise.reject(broken) },
  refine: {
    refine: () => {
      throw broken;
    },
  },
  inspect: { inspect: () => Promise.reject(broken) },
  score: { score: () => Promise.reject(broken) },
  keep: { keep: () => Promise.reject(broken) },
  decide: {
    decide: () => {
      throw broken;
    },
  },
  annotate: {
    annotate: () => {
      throw broken;
    },
  },
  sign: { sign: () => Promise.reject(broken) },
  relay: { relay: () => Promise.reject(broken) },
  notify: { notify: () => Promise.reject(broken) },
};

for (const [stage, stages] of Object.entries(breaking)) {
  test(`what breaks in ${stage} is a 451 for every recipient, and the Outcome says what it was`, async () => {
    const { outcome } = await pass({ mail: two, stages });
    assert.match(formatReply(outcome.reply), /^451 4\.3\.0 id=4711-01 - Error in processing, please try again later$/);
    assert.deepEqual(
      outcome.recipients.map(({ category, rule, action }) => `${category} ${rule} ${action}`),
      ["CC_TEMPFAIL error tempfail", "CC_TEMPFAIL error tempfail"],
    );
    assert.equal(outcome.error, "Error: broken");
  });
}

test("a signature that must be there and cannot be made keeps the mail from being sent", async () => {
  const reply = { code: 451, enhanced: "4.7.5", text: "no key" };
  const { outcome, sent } = await pass({
    stages: { sign: async () => ({ refused: reply, signings: [{ result: "skipped", reason: "key-unavailable" }] }) },
  });
  assert.equal(formatReply(outcome.reply), "451 4.7.5 id=4711-01 - no key");
  assert.deepEqual(sent, []);
  assert.deepEqual(
    outcome.recipients.map(({ category, rule }) => `${category} ${rule}`),
    ["CC_TEMPFAIL key-unavailable"],
  );
  assert.equal(outcome.error, undefined);
});

test("mail leaves in one transaction for recipients with the same edits and next hops", async () => {
  const edits = (field: string) => ({ add: [field], remove: [], replace: [] });
  const groups: (readonly Leaving[])[] = [];
  await pass({
    mail: { recipients: ["a@x", "b@x", "c@x", "d@x", "e@x"] },
    decisions: [
      { ...going, edits: edits("A: 1\r\n") },
      rejected,
      { ...going, edits: edits("B: 1\r\n") },
      { ...going, edits: edits("A: 1\r\n") },
      { ...going, edits: edits("A: 1\r\n"), nextHops: [{ ...hop, port: 10_099 }] },
    ],
    stages: {
      async sign(_mail, leaving) {
        groups.push(leaving);
        return { leaving, signings: [] };
      },
    },
  });
  assert.deepEqual(
    groups[0]?.map(({ recipients }) => recipients),
    [[0, 3], [2], [4]],
  );
});

test("the bank that refine gives is the one in force from then on", async () => {
  const refined = bankWith({ final_dmarc_destiny: "D_REJECT" });
  const banks: unknown[] = [];
  const { outcome } = await pass({
    stages: {
      refine: () => ({ ...refined, path: "PARTNER" }),
      decide({ bank }) {
        banks.push(bank.path);
        return [going];
      },
    },
  });
  assert.deepEqual(banks, ["PARTNER"]);
  assert.equal(outcome.bankPath, "PARTNER");
});

test("each stage of content has the facts of those before, under the bank that they have loaded", async () => {
  const seen: string[] = [];
  const named = (path: string) => ({ ...bankWith(), path });
  const words = ({ bank, facts }: Pick<JudgedMail, "bank" | "facts">) =>
    `${bank.path}: ${Object.keys(facts.content).join(" ")}`;
  const virus = { names: ["Eicar"], answers: [], failed: false, cached: false };
  const spam = { score: 3, tests: [], scanner: "spamd", cached: false };
  await pass({
    stages: {
      refine: (bank, { content }) => (content.virus === undefined ? named("AUTHOR") : named(`${bank.path}/VIRUS`)),
      inspect(mail) {
        seen.push(`inspect ${words(mail)}`);
        return Promise.resolve({ ...mail.facts, content: { virus } });
      },
      score(mail) {
        seen.push(`score ${words(mail)}`);
        return { ...mail.facts, content: { ...mail.facts.content, spam } };
      },
      decide(mail) {
        seen.push(`decide ${words(mail)}`);
        return [going];
      },
    },
  });
  assert.deepEqual(seen, ["inspect AUTHOR: ", "score AUTHOR/VIRUS: virus", "decide AUTHOR/VIRUS: virus spam"]);
});

test("a copy that cannot be kept puts the mail off before anything leaves", async () => {
  const { outcome, sent } = await pass({ stages: { keep: async () => [putOff] } });
  assert.equal(outcome.reply.code, 451);
  assert.deepEqual(sent, []);
});

test("the digests of a mail under way are those its arrival asks for", () => {
  const spec = { canonicalization: "relaxed", hash: "sha256" } as const;
  const bank = bankWith();
  const unused = () => assert.fail("not before the message is in");
  const begin = createPipeline({
    route: () => arrivalUnder(bank, { digestSpecs: () => [spec] }),
    check: unused,
    refine: unused,
    inspect: unused,
    score: unused,
    decide: unused,
    keep: unused,
    annotate: unused,
    sign: unused,
    relay: unused,
    notify: unused,
  });
  const { session, envelope, message } = transactionOf();
  assert.deepEqual(begin(session, envelope, message).digestSpecs(), [spec]);
});

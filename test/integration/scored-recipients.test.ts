// Recipients of one mail with different rules, whole daemon: each has the fate that it would have alone.
import assert from "node:assert/strict";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeSpamd, spamdReply, startFakeSpamd } from "../support/fake-spamd.ts";
import { connected, type Filter, mailText, startFilter, submit } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;
let spamd: FakeSpamd;
let clamd: FakeClamd;

/** Who gets spam and viruses by which rules. */
const strict = "strict@example.com";
const bob = "bob@example.com";
const eve = "eve@example.com";
const loves = "virus-lover@example.com";
const bypasses = "no-virus-check@example.com";

before(async () => {
  spamd = await startFakeSpamd();
  clamd = await startFakeClamd();
  clamd.script = ({ octets }) => (octets.includes("a virus") ? "stream: Test.Virus FOUND" : undefined);
  // "strict 9, bob 1": the score by the rules of each user.
  spamd.script = ({ head, content }) => {
    const user = /^User: (.*)$/m.exec(head.join("\n"))?.[1] ?? "nobody";
    const score = new RegExp(`\\b${user} (\\d+)`).exec(content.toString("latin1"))?.[1] ?? 0;
    return spamdReply(Number(score), `BY_${user.toUpperCase()}`);
  };
  filter = await startFilter({
    extra: `
av_scanners: [{ type: clamd, address: "${clamd.address}" }]
spam_scanners: [{ name: stub, type: spamd, address: "${spamd.address}" }]
sa_username_maps: [{ ${bob}: bob, ${eve}: eve }]
sa_tag_level_deflt: -999
sa_kill_level_deflt: 8
final_spam_destiny: D_DISCARD
final_virus_destiny: D_DISCARD
virus_lovers_maps: [[${loves}]]
bypass_virus_checks_maps: [[${bypasses}]]
`,
  });
});

after(async () => {
  await filter?.close();
  await spamd?.close();
  await clamd?.close();
});

interface Case {
  readonly title: string;
  readonly body: string;
  readonly to: readonly string[];
  /** Who gets it, and the test that made the score. */
  readonly delivered: Readonly<Record<string, string>>;
  readonly questions: number;
}

const cases: readonly Case[] = [
  {
    title: "spam by the rules of one user is none by another's",
    body: "nobody 0, bob 9, eve 1",
    to: [strict, bob, eve],
    delivered: { [strict]: "BY_NOBODY", [eve]: "BY_EVE" },
    questions: 3,
  },
  {
    title: "nor does one user's white list help the others",
    body: "nobody 9, bob 0, eve 9",
    to: [bob, strict, eve],
    delivered: { [bob]: "BY_BOB" },
    questions: 3,
  },
  {
    title: "infected spam is spam for who loves viruses",
    body: "a virus, nobody 9",
    to: [strict, loves],
    delivered: {},
    questions: 1,
  },
  {
    title: "infected spam is spam for who has no virus check",
    body: "a virus, nobody 9!",
    to: [bypasses, strict],
    delivered: {},
    questions: 1,
  },
  {
    title: "infected ham goes to both, scored",
    body: "a virus, nobody 1",
    to: [strict, loves, bypasses],
    delivered: { [loves]: "BY_NOBODY", [bypasses]: "BY_NOBODY" },
    questions: 1,
  },
  {
    title: "nobody asks about what nobody gets",
    body: "a virus, nobody 2",
    to: [strict, bob],
    delivered: {},
    questions: 0,
  },
];

for (const { title, body, to, delivered, questions } of cases) {
  test(title, async () => {
    const [mails, asked] = [filter.hop.mails.length, spamd.requests.length];
    const client = await connected(filter.ports.incoming);
    assert.match(
      await submit(client, { from: "x@elsewhere.example", to, data: mailText("rules", `${body}\r\n`) }),
      /^250 /,
    );
    client.socket.end("QUIT\r\n");
    const got = filter.hop.mails.slice(mails).flatMap(({ rcpts, octets }) => {
      const by = /^X-Spam-Status:[\s\S]*?\b(BY_\w+)/m.exec(octets.toString("latin1"))?.[1] ?? "not scored";
      return rcpts.map((line) => [/<(.*?)>/.exec(line)?.[1] ?? line, by] as const);
    });
    assert.deepEqual(Object.fromEntries(got), delivered);
    assert.equal(spamd.requests.length - asked, questions);
  });
}

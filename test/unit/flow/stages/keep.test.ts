// Copies before anything leaves: who owes one that cannot be kept is put off, and nobody else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeep, type KeepNeedsOfFlow } from "../../../../src/flow/stages/keep.ts";
import type { OwnMail } from "../../../../src/flow/submit-own.ts";
import { accepted, type CopyOwed, type Decision, refused } from "../../../../src/policy/decision.ts";
import type { CopyToKeep, Kept, MailToKeep } from "../../../../src/quarantine/keep-copies.ts";
import { bankWith, hop, judged, type MailText } from "../mails.ts";

const virus: CopyOwed = {
  purpose: "quarantine",
  category: "CC_VIRUS",
  method: "local:virus-%m",
  to: "virus-quarantine",
};
const archive: CopyOwed = { purpose: "archive", category: "CC_SPAM", method: "local:a-%m", to: "archive-quarantine" };
const mailed: CopyOwed = { ...virus, to: "q@here.example" };

function passes(...copies: readonly CopyOwed[]): Decision {
  return { ...accepted, owed: { copies, notices: [] } };
}

function blocked(...copies: readonly CopyOwed[]): Decision {
  const discarded = refused("virus", "discard", { code: 250, enhanced: "2.7.0", text: "Ok, discarded" });
  const content = { all: [], viruses: ["Eicar"], headerFaults: [] };
  return { ...discarded, content, owed: { copies, notices: [] } };
}

interface Scene extends MailText {
  readonly decisions: readonly Decision[];
  readonly kept?: Kept;
  readonly sent?: "sent" | "refused" | "put-off";
}

async function run({ decisions, kept, sent = "sent", ...text }: Scene) {
  const asked: { mail: MailToKeep; copies: readonly CopyToKeep[] }[] = [];
  const submitted: OwnMail[] = [];
  const troubles: string[] = [];
  const needs: KeepNeedsOfFlow = {
    async keepCopies(mail, copies) {
      asked.push({ mail, copies });
      if (kept !== undefined) return kept;
      return {
        kept: copies.map(({ place, category, purpose, recipients, fields }) =>
          place.kind === "mail"
            ? {
                kind: "mail",
                to: place.deliveredTo,
                ...(place.method === undefined ? {} : { method: place.method }),
                category,
                purpose,
                recipients,
                fields: ["X-Top: 1\r\n", ...fields],
              }
            : {
                kind: "file",
                folder: place.folder,
                name: `U/${place.template}`,
                mailId: "m1",
                isRepeated: false,
                category,
                purpose,
                recipients,
              },
        ),
      };
    },
    async submitOwn(mail) {
      submitted.push(mail);
      return sent;
    },
    notifyHops: () => [hop],
    settings: { QUARANTINEDIR: "/q", quarantine_subdir_levels: 1 },
    messageTimeMs: 5000,
    now: () => 7,
    onTrouble: (logId, detail) => troubles.push(`${logId} ${detail}`),
  };
  const mail = judged(
    { recipients: ["ann@here.example", "bob@here.example"], ...text },
    { bank: bankWith({ local_delivery_aliases: {}, mailfrom_to_quarantine: "" }) },
  );
  return { result: await createKeep(needs)(mail, decisions), asked, submitted, troubles };
}

test("mail that owes nothing is not held up", async () => {
  const decisions = [passes(), blocked()];
  const { result, asked } = await run({ decisions });
  assert.equal(result, decisions);
  assert.equal(asked.length, 0);
});

test("one copy per place with all who owe it; each decision says where its copies are", async () => {
  const { result, asked } = await run({ decisions: [blocked(virus, archive), passes(archive)] });
  assert.deepEqual(
    asked[0]?.copies.map(({ purpose, category, recipients, blocked: those }) => [purpose, category, recipients, those]),
    [
      ["quarantine", "CC_VIRUS", ["ann@here.example"], ["ann@here.example"]],
      ["archive", "CC_SPAM", ["ann@here.example", "bob@here.example"], ["ann@here.example"]],
    ],
  );
  assert.deepEqual(asked[0]?.copies[0]?.fields, ["X-Amavis-Alert: INFECTED, message contains virus: Eicar\r\n"]);
  assert.deepEqual(asked[0]?.mail.found, ["Eicar"]);
  assert.deepEqual(
    result.map(({ action, quarantine }) => [action, quarantine]),
    [
      ["discard", ["U/virus-%m", "U/a-%m"]],
      ["accept", ["U/a-%m"]],
    ],
  );
});

test("a copy for a mail address leaves through notify_method, with its fields on top", async () => {
  const { result, submitted } = await run({ decisions: [blocked(mailed), passes()] });
  const [own] = submitted;
  assert.equal(own?.kind, "quarantine");
  assert.deepEqual(own.envelope, {
    sender: { address: "", parameters: "" },
    recipients: [{ address: "q@here.example", parameters: "NOTIFY=NEVER" }],
  });
  assert.deepEqual(own.nextHops, [hop]);
  assert.match(Buffer.from(own.message.header).toString(), /^X-Top: 1\r\nX-Amavis-Alert: [^\r]+\r\nFrom: joe@/);
  assert.deepEqual(result[0]?.quarantine, ["q@here.example"]);
  const byMethod = await run({ decisions: [blocked({ ...mailed, method: "smtp:[127.0.0.9]:2525" }), passes()] });
  assert.deepEqual(byMethod.submitted[0]?.nextHops, [{ protocol: "smtp", host: "127.0.0.9", port: 2525 }]);
});

test("a copy for a mail address says of its octets what the mail said", async () => {
  for (const [sender, parameters] of [
    ["joe@there.example BODY=8BITMIME RET=FULL", "BODY=8BITMIME"],
    ["joe@there.example body=8bitmime SMTPUTF8", "body=8bitmime SMTPUTF8"],
    ["joe@there.example BODY=7BIT ENVID=x", ""],
  ] as const) {
    const { submitted } = await run({ sender, decisions: [blocked(mailed)] });
    assert.equal(submitted[0]?.envelope.sender.parameters, parameters);
  }
});

test("a mail that comes again is known by the name of the copy it has", async () => {
  const copy = {
    kind: "file",
    purpose: "quarantine",
    category: "CC_VIRUS",
    folder: "/q",
    name: "U/v",
    mailId: "before",
  } as const;
  const recipients = ["ann@here.example"];
  for (const [isRepeated, id] of [
    [true, "before"],
    [false, undefined],
  ] as const) {
    const { result } = await run({ decisions: [passes(virus)], kept: { kept: [{ ...copy, isRepeated, recipients }] } });
    assert.equal(result[0]?.copiesId, id);
  }
});

for (const [title, scene, code, trouble] of [
  ["a full disk", { kept: { failure: { reason: "disk-full", detail: "ENOSPC" } } }, 452, /ENOSPC/],
  ["a folder that is gone", { kept: { failure: { reason: "folder-missing", detail: "ENOENT" } } }, 451, /ENOENT/],
  ["a server that refuses the copy", { sent: "refused" }, 451, /q@here.example: refused/],
  ["a server that puts the copy off", { sent: "put-off" }, 451, /q@here.example: put-off/],
] as const) {
  test(`${title}: who owes a copy is put off, others are not`, async () => {
    const { result, troubles } = await run({ decisions: [blocked(virus, mailed), passes()], ...scene });
    const [first, second] = result;
    assert.ok(first?.action === "tempfail");
    assert.deepEqual([first.rule, first.reply.code, first.quarantine], ["not-kept", code, []]);
    assert.equal(second?.action, "accept");
    assert.match(troubles.join(), trouble);
  });
}

test("a method that nobody can follow puts the mail off, whatever it costs: nothing is lost", async () => {
  const { result, asked, troubles } = await run({ decisions: [blocked({ ...virus, method: "bsmtp:x" }), passes()] });
  assert.equal(result[0]?.action, "tempfail");
  assert.equal(asked.length, 0);
  assert.match(troubles.join(), /4711-01 bsmtp:x: copies are kept by/);
});

test("SMTP mail that is put off for another reason is kept when it comes again; LMTP has a reply for each", async () => {
  const later = refused("error", "tempfail", { code: 451, enhanced: "4.3.0", text: "x" });
  const decisions = [blocked(virus), later];
  assert.equal((await run({ decisions })).asked.length, 0);
  assert.equal((await run({ decisions, protocol: "LMTP" })).asked.length, 1);
});

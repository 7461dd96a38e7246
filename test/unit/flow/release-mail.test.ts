// A release is sent once, to the right people, and only to who may ask for it.
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type ReleasedMail, type ReleaseRequest, releaseFrom, releaseMail } from "../../../src/flow/release-mail.ts";
import type { OwnMailResult } from "../../../src/flow/submit-own.ts";
import type { QuarantineRow } from "../../../src/mail/quarantine-row.ts";
import { type QuarantineFiles, realFiles } from "../../../src/quarantine/files.ts";
import { failingFiles, quarantineRow, temporaryFolder } from "../../support/quarantine.ts";

interface Scene {
  readonly rows?: (folder: string) => readonly QuarantineRow[];
  readonly result?: OwnMailResult;
  readonly authRequired?: boolean;
  readonly files?: QuarantineFiles;
  /** Sending throws. */
  readonly breaks?: boolean;
}

const asked: ReleaseRequest = { id: "m1", secretId: "s", again: false };

function scene(t: { after(done: () => void): void }, given: Scene = {}) {
  const folder = temporaryFolder(t);
  const rows = given.rows?.(folder) ?? [quarantineRow("m1", { folder })];
  const top = "X-Envelope-From: <a@example.net>\nX-Envelope-To: <b@example.com>\nX-Quarantine-ID: <m1>\n";
  for (const { name } of rows) writeFileSync(join(folder, name), `${top}From: a@example.net\n\nHello\n`);
  const sent: ReleasedMail[] = [];
  const released: string[] = [];
  const release = (request: Partial<ReleaseRequest> = {}) =>
    releaseMail(
      { ...asked, ...request },
      {
        index: {
          list: async ({ id }) => rows.filter(({ mailId, name }) => mailId === id || name === id),
          released: async ({ name }) => void released.push(name),
        },
        files: given.files ?? realFiles,
        async submit(mail) {
          if (given.breaks === true) throw new Error("too much at once");
          sent.push(mail);
          return given.result ?? "sent";
        },
        settings: {
          auth_required_release: given.authRequired ?? true,
          release_format: "resend",
          myhostname: "mail.example.com",
          from: "postmaster@mail.example.com",
        },
        now: () => Date.UTC(2026, 6, 5),
      },
    );
  const isMarked = (name = "virus-m1") => existsSync(join(folder, `.${name}.released`));
  return { folder, release, sent, released, isMarked };
}

test("it goes to those who did not get it, from who sent it, and is marked", async (t) => {
  const { release, sent, released, isMarked } = scene(t);
  const about = { name: "virus-m1", mailId: "m1", recipients: ["bob@example.com"] };
  assert.deepEqual(await release(), { result: "released", ...about });
  const [mail] = sent;
  assert.equal(mail?.sender, "a@example.net");
  assert.deepEqual(mail.recipients, ["bob@example.com"]);
  assert.equal(
    Buffer.from(mail.message.header).toString(),
    "Resent-From: postmaster@mail.example.com\r\nResent-Date: Sun, 5 Jul 2026 00:00:00 +0000\r\n" +
      "Resent-Message-ID: <QRm1-mr70ydc0@mail.example.com>\r\nResent-To: <bob@example.com>\r\n" +
      "X-Amavis-Released: <m1>\r\nFrom: a@example.net\r\n",
  );
  assert.deepEqual(released, ["virus-m1"]);
  assert.ok(isMarked());
  assert.deepEqual(await release(), { result: "already-released", ...about });
  assert.equal(sent.length, 1);
  assert.equal((await release({ again: true })).result, "released");
});

test("of several copies of one mail all who did not get it are served; an archive is no reason", async (t) => {
  const { release, sent } = scene(t, {
    rows: (folder) => [
      quarantineRow("m1", { folder, name: "archive-m1", purpose: "archive", blocked: [] }),
      quarantineRow("m1", { folder, name: "banned-m1", blocked: ["carol@example.com"] }),
      quarantineRow("m1", { folder, name: "virus-m1", blocked: ["bob@example.com"] }),
    ],
  });
  const answer = await release();
  assert.equal(answer.name, "banned-m1");
  assert.deepEqual(sent[0]?.recipients, ["carol@example.com", "bob@example.com"]);
  // Who has it does not get it again because there is another copy.
  assert.equal((await release({ id: "virus-m1" })).result, "already-released");
  assert.equal((await release({ id: "archive-m1" })).result, "already-released");
  // By its file it is that copy.
  const again = true;
  assert.deepEqual((await release({ id: "virus-m1", again })).recipients, ["bob@example.com"]);
  assert.deepEqual((await release({ id: "archive-m1", again })).recipients, ["bob@example.com", "carol@example.com"]);
});

test("who got it by a release of another copy is left out", async (t) => {
  const { release, sent } = scene(t, {
    rows: (folder) => [
      quarantineRow("m1", { folder, name: "banned-m1", blocked: ["carol@example.com"] }),
      quarantineRow("m1", { folder, name: "virus-m1", blocked: ["bob@example.com"] }),
    ],
  });
  assert.equal((await release({ id: "virus-m1" })).result, "released");
  assert.equal((await release({ to: ["dave@example.com"] })).result, "already-released");
  assert.deepEqual((await release()).recipients, ["carol@example.com"]);
  assert.deepEqual(
    sent.map(({ recipients }) => recipients),
    [["bob@example.com"], ["carol@example.com"]],
  );
  assert.equal((await release()).result, "already-released");
});

test("where a file is damaged another copy of the mail does", async (t) => {
  const { folder, release, sent } = scene(t, {
    rows: (at) => [quarantineRow("m1", { folder: at, name: "banned-m1" }), quarantineRow("m1", { folder: at })],
  });
  writeFileSync(join(folder, "banned-m1"), "garbage");
  assert.equal((await release()).result, "released");
  assert.equal(sent[0]?.sender, "a@example.net");
});

test("what breaks while it is sent leaves no mark", async (t) => {
  const { release, isMarked } = scene(t, { breaks: true });
  assert.deepEqual(await release(), { result: "failed", detail: "too much at once" });
  assert.ok(!isMarked());
});

test("another recipient may need SMTPUTF8", async (t) => {
  const { release, sent } = scene(t);
  await release({ to: ["b\xc3\xbccher@example.com"] });
  assert.equal(sent[0]?.parameters, "SMTPUTF8");
});

test("other recipients instead", async (t) => {
  const { release, sent } = scene(t);
  await release({ to: ["x@example.com", "y@example.com"] });
  assert.deepEqual(sent[0]?.recipients, ["x@example.com", "y@example.com"]);
  assert.match(Buffer.from(sent[0].message.header).toString(), /^Resent-To: undisclosed-recipients:;\r$/m);
});

test("the secret: missing, wrong, not asked for, not known", async (t) => {
  for (const secretId of [undefined, "", "S", "ss"]) {
    const { release, sent, isMarked } = scene(t);
    const { secretId: _, ...without } = asked;
    const answer = await release(
      secretId === undefined ? { ...without, id: "virus-m1", secretId: "wrong" } : { secretId },
    );
    assert.deepEqual(answer, { result: "denied", name: "virus-m1", mailId: "m1" });
    assert.equal(sent.length, 0);
    assert.ok(!isMarked());
  }
  assert.equal((await scene(t, { authRequired: false }).release({ secretId: "wrong" })).result, "released");
  const ofAmavis = scene(t, { rows: (folder) => [quarantineRow("m1", { folder, secretId: "" })] });
  assert.equal((await ofAmavis.release()).result, "released");
});

for (const result of ["refused", "put-off"] as const) {
  test(`${result}: it can be released another time, without --again`, async (t) => {
    const { release, released, isMarked } = scene(t, { result });
    assert.equal((await release()).result, result);
    assert.ok(!isMarked());
    assert.deepEqual(released, []);
    assert.equal((await release()).result, result);
  });
}

test("a copy that is not known, gone or damaged is not sent", async (t) => {
  assert.deepEqual(await scene(t).release({ id: "other" }), { result: "not-found" });
  const { folder, release, sent, isMarked } = scene(t);
  writeFileSync(join(folder, "virus-m1"), "From: a@b\n\nno copy\n");
  assert.equal((await release()).result, "unreadable");
  assert.ok(!isMarked());
  assert.equal(sent.length, 0);
});

test("where it cannot be marked it is not sent", async (t) => {
  const { release, sent } = scene(t, { files: failingFiles(2, "before", "ENOSPC").files });
  const answer = await release();
  assert.equal(answer.result, "failed");
  assert.match(answer.detail ?? "", /ENOSPC/);
  assert.equal(sent.length, 0);
});

test("the From of what we send", () => {
  const myhostname = "mail.example.com";
  const from = (hdrfrom_notify_release: string | null) => releaseFrom({ hdrfrom_notify_release, myhostname });
  assert.equal(from(null), '"Content-filter at mail.example.com" <postmaster@mail.example.com>');
  assert.equal(from("q@example.com"), "q@example.com");
  assert.equal(from('"Größe" <q@example.com>'), "=?UTF-8?B?R3LDtsOfZQ==?= <q@example.com>");
});

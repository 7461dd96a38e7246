// `signpost quarantine` against copies on disk, beside a daemon that runs and one that does not.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chmod, chown, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { createMailId } from "../../src/mail/mail-id.ts";
import { workerUrl } from "../../src/process/module-url.ts";
import { realFiles } from "../../src/quarantine/files.ts";
import { createKeepCopies, type MailToKeep } from "../../src/quarantine/keep-copies.ts";
import { openSqliteIndex } from "../../src/quarantine/sqlite-index.ts";
import { signpost } from "../support/command.ts";
import { startDaemonProcess, startIn } from "../support/daemon.ts";
import { type Filter, startFilter } from "../support/filter.ts";
import { after, before, test } from "../support/limited.ts";
import { copyToKeep, folderPlace, mailToKeep, messageFrom, original } from "../support/quarantine.ts";

let filter: Filter;
let refusing = false;

const extra =
  "control: { socket: '@FOLDER@/control.sock' }\nQUARANTINEDIR: '@FOLDER@/quarantine'\nquarantine: { keep: 30d }";

before(async () => {
  filter = await startFilter({
    extra,
    script: ({ stage }) => (stage === "rcpt" && refusing ? "550 5.1.1 No such user" : undefined),
  });
});

after(() => filter?.close());

const folder = (of = filter) => join(of.daemon.folder, "quarantine");

/** A copy as the daemon would keep it, of this moment unless told otherwise; gives its mail_id. */
async function kept(more: Partial<MailToKeep> = {}, template = "virus-%m.gz", of = filter): Promise<string> {
  const mailId = createMailId();
  const at = folder(of);
  const index = openSqliteIndex({
    place: { file: join(at, ".index.sqlite"), folders: [at], scan: "if-new" },
    worker: workerUrl("quarantine"),
    onTrouble: (error) => assert.fail(error),
  });
  const keepCopies = createKeepCopies({ files: realFiles, index, repeatWindowMs: 0 });
  const mail = mailToKeep(mailId, { receivedAtMs: Date.now(), ...more });
  const result = await keepCopies(mail, [copyToKeep(folderPlace(at, { template }))]);
  assert.ok("kept" in result, JSON.stringify(result));
  await index.close();
  return mailId;
}

function quarantine(...args: readonly string[]) {
  return signpost("quarantine", ...args, "--config", filter.daemon.configFile);
}

test("copies are listed by what they have in common, shown by mail_id or file, and as they came", async () => {
  const one = await kept({ sender: "list-1@example.net", score: 7.5 });
  const two = await kept({ sender: "list-2@example.net" });
  const { code, stdout } = await quarantine("list", "--sender", "LIST-");
  assert.equal(code, 0);
  const [first = "", second = "", nothing] = stdout.split("\n");
  assert.match(
    first,
    new RegExp(`^\\S+Z ${two} kept VIRUS - \\S+ <list-2@example.net> -> <b@example.com> \\+1 "grüße"$`),
  );
  assert.match(second, new RegExp(`^\\S+Z ${one} kept VIRUS 7.5 `));
  assert.equal(nothing, "");

  const json = await quarantine("list", "--json", "--sender", "list-1", "--category", "infected", "--since", "1h");
  const record: unknown = JSON.parse(json.stdout);
  assert.ok(typeof record === "object" && record !== null);
  assert.deepEqual(
    { ...record, time: "", size: 0 },
    {
      mail_id: one,
      name: `${one.slice(0, 1)}/virus-${one}.gz`,
      folder: folder(),
      time: "",
      state: "kept",
      purpose: "quarantine",
      category: "CC_VIRUS",
      sender: "list-1@example.net",
      recipients: ["b@example.com", "c@example.com"],
      blocked: ["b@example.com"],
      subject: "grüße",
      size: 0,
      score: 7.5,
      found: ["Eicar-Test-Signature"],
    },
  );
  assert.doesNotMatch(json.stdout, /secret/);

  const shown = await quarantine("show", `${one.slice(0, 1)}/virus-${one}.gz`);
  assert.match(shown.stdout, new RegExp(`^mail_id +${one}\nsecret_id +\\S+\nfile +${folder()}/`));
  const raw = await quarantine("show", "--raw", one);
  assert.equal(raw.stdout, Buffer.from(original, "latin1").toString());

  for (const args of [
    ["--sender", "nobody"],
    ["--before", "1h"],
    ["--category", "spam"],
    ["--state", "released"],
  ]) {
    assert.equal((await quarantine("list", ...args)).code, 1, args.join(" "));
  }
  assert.equal((await quarantine("show", "nothing-of-that-name")).code, 66);
});

test("a release arrives once, whole and marked, at those who did not get it; again only when asked for", async () => {
  const message = messageFrom("From: Alice <alice@example.com>\r\nSubject: x\r\n\r\n.dot\r\nend\r\n");
  const id = await kept({ sender: "release@example.com", message });
  const before = filter.hop.mails.length;
  const { code, stdout, stderr } = await quarantine("release", id);
  assert.equal(`${code} ${stdout}${stderr}`, `0 ${id}: released to <b@example.com>\n`);
  const [mail, another] = filter.hop.mails.slice(before);
  assert.ok(mail !== undefined && another === undefined);
  assert.match(mail.mail, /^MAIL FROM:<release@example.com> BODY=8BITMIME/);
  assert.deepEqual(
    mail.rcpts.map((line) => line.replace(/>.*/, ">")),
    ["RCPT TO:<b@example.com>"],
  );
  const text = mail.octets.toString("latin1");
  assert.match(
    text,
    new RegExp(
      '^X-Signpost-Pass: .*\r\n .*\r\nResent-From: "Content-filter at mail.example.com" <postmaster@mail.example.com>\r\n' +
        "Resent-Date: [^\r]+\r\n" +
        `Resent-Message-ID: <QR${id}-\\w+@mail.example.com>\r\n` +
        "Resent-To: <b@example.com>\r\n" +
        `X-Amavis-Released: <${id}>\r\n` +
        "From: Alice <alice@example.com>\r\nSubject: x\r\n\r\n.dot\r\nend\r\n$",
    ),
  );
  // From is ours, and there is a key: but what was kept back once is not signed for by us.
  assert.doesNotMatch(text, /DKIM-Signature/);
  await filter.daemon.line(`quarantine: ${id.slice(0, 1)}/virus-${id}.gz: released to <b@example.com>`);

  const twice = await quarantine("release", id);
  assert.equal(twice.code, 1);
  assert.match(twice.stderr, /was released before; --again/);
  assert.equal(filter.hop.mails.length, before + 1);
  assert.match((await quarantine("list", "--sender", "release@")).stdout, / released VIRUS /);

  const again = await quarantine("release", "--again", "--to", "d@example.com", "--to", "e@example.com", "--json", id);
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /"result":"released"/);
  assert.match(filter.hop.mails.at(-1)?.octets.toString() ?? "", /^Resent-To: undisclosed-recipients:;\r$/m);
});

test("of several who release the same copy at the same time one does", async () => {
  const id = await kept({ sender: "race@example.net" });
  const before = filter.hop.mails.length;
  const ended = await Promise.all([1, 2, 3].map(() => quarantine("release", id)));
  assert.deepEqual(ended.map(({ code }) => code).sort(), [0, 1, 1]);
  assert.equal(filter.hop.mails.length, before + 1);
});

test("without the secret nothing is released; with it, by who cannot read the index", async () => {
  const id = await kept();
  const wrong = await quarantine("release", "--secret", "wrong", id);
  assert.equal(wrong.code, 77);
  assert.match(wrong.stderr, /auth_required_release/);
  const { stdout } = await quarantine("show", "--json", id);
  const [, secret = ""] = /"secret_id":"([^"]+)"/.exec(stdout) ?? [];
  assert.equal((await quarantine("release", "--secret", secret, id)).code, 0);
});

test("what the next hop refuses is not released, and can be released when it does not any more", async () => {
  const id = await kept();
  refusing = true;
  const refused = await quarantine("release", id);
  refusing = false;
  assert.equal(refused.code, 69);
  assert.match(refused.stderr, /the next hop refuses it; nothing was sent/);
  assert.equal((await quarantine("release", id)).code, 0);
});

test("copies are deleted by name, or by what they have in common", async () => {
  const ids = [await kept({ sender: "del-1@example.net" }), await kept({ sender: "del-2@example.net" })];
  const [one = "", two = ""] = ids;
  assert.equal((await quarantine("delete", "--all")).code, 64);
  const deleted = await quarantine("delete", one);
  assert.equal(`${deleted.code} ${deleted.stdout}`, `0 ${one.slice(0, 1)}/virus-${one}.gz: deleted\n`);
  assert.equal((await quarantine("delete", one)).code, 66);
  assert.equal((await quarantine("release", one)).code, 66);
  const all = await quarantine("delete", "--all", "--sender", "del-");
  assert.match(all.stdout, new RegExp(`^${two.slice(0, 1)}/virus-${two}.gz: deleted\n$`));
  for (const id of ids) assert.ok(!existsSync(join(folder(), id.slice(0, 1), `virus-${id}.gz`)));
  assert.match((await quarantine("list", "--state", "deleted", "--sender", "del-1")).stdout, / deleted VIRUS /);
});

test("old copies go in the background; the rest needs no daemon", async () => {
  const { configFile, folder: home } = filter.daemon;
  await filter.daemon.kill();
  const old = await kept({ sender: "old@example.net", receivedAtMs: Date.now() - 31 * 86_400_000 });
  const path = join(folder(), old.slice(0, 1), `virus-${old}.gz`);
  assert.ok(existsSync(path));
  const id = await kept({ sender: "down@example.net" });
  assert.equal((await quarantine("list", "--sender", "down@")).code, 0);
  const release = await quarantine("release", id);
  assert.equal(release.code, 69);
  assert.match(release.stderr, /no daemon is running/);
  // The first look at old copies comes soon after the start.
  const daemon = await startIn(home, configFile);
  while (existsSync(path)) await setImmediate();
  await daemon.kill();
  assert.equal((await quarantine("delete", id)).code, 0);
});

test("with several processes one of them releases", async (t) => {
  const several = await startFilter({ extra: `${extra}\nlisteners: 2` });
  t.after(() => several.close());
  const id = await kept({}, "virus-%m", several);
  const options = ["--config", several.daemon.configFile, id];
  assert.equal((await signpost("quarantine", "release", ...options)).code, 0);
  assert.equal((await signpost("quarantine", "release", ...options)).code, 1);
  assert.equal((await signpost("quarantine", "release", "--again", ...options)).code, 0);
  assert.equal(several.hop.mails.length, 2);
});

test("a daemon that cannot keep copies does not start, and says where", async () => {
  const config = await readFile(filter.daemon.configFile, "utf8");
  const elsewhere = config
    .replaceAll(filter.daemon.folder, "@FOLDER@")
    .replace("@FOLDER@/quarantine", "@FOLDER@/no/it");
  await assert.rejects(startDaemonProcess(elsewhere), /the quarantine cannot use .*\/no\/it: ENOENT/);
});

const notRoot = process.getuid?.() === 0 ? false : "only root has rights that another user does not";

test("links that the folder's owner put in the place of the index lead root nowhere", { skip: notRoot }, async (t) => {
  const place = await mkdtemp(join(tmpdir(), "signpost-quarantine-"));
  const roots = await mkdtemp(join(tmpdir(), "signpost-roots-"));
  t.after(() => Promise.all([place, roots].map((each) => rm(each, { recursive: true }))));
  const config = join(roots, "signpost.yaml");
  await writeFile(config, `QUARANTINEDIR: ${place}\n`);
  await chmod(roots, 0o755);
  const names = ["", "-wal", "-shm", "-journal"].map((ending) => `.index.sqlite${ending}`);
  for (const name of names) {
    await writeFile(join(roots, name), "root's\n", { mode: 0o600 });
    await symlink(join(roots, name), join(place, name));
  }
  await chown(place, 65534, 65534);
  assert.notEqual((await signpost("quarantine", "list", "--config", config)).code, 0);
  for (const name of names) {
    const { uid, mode } = await stat(join(roots, name));
    assert.deepEqual([uid, mode & 0o777, await readFile(join(roots, name), "utf8")], [0, 0o600, "root's\n"], name);
    await rm(join(place, name));
  }
  // What root makes there is its owner's.
  assert.deepEqual(await signpost("quarantine", "list", "--config", config), { code: 1, stdout: "", stderr: "" });
  const { uid, gid, mode } = await stat(join(place, ".index.sqlite"));
  assert.deepEqual([uid, gid, mode & 0o777], [65534, 65534, 0o600]);
});

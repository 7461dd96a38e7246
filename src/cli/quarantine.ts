// `signpost quarantine`: what was kept, and what is to become of it.
import { defaultConfigFile } from "../config/default-file.ts";
import { jsonText, withoutControls } from "../mail/json-text.ts";
import type { QuarantineRow } from "../mail/quarantine-row.ts";
import { realFiles } from "../quarantine/files.ts";
import type { QuarantineIndex } from "../quarantine/quarantine-index.ts";
import { readCopy } from "../quarantine/read-copy.ts";
import { removeCopies } from "../quarantine/remove-copies.ts";
import { type Command, exitCode, type Io } from "./command.ts";
import { type QuarantineArgs, readQuarantineArgs } from "./quarantine-args.ts";
import { type OpenQuarantine, openQuarantine } from "./quarantine-place.ts";
import { copyLine, copyLines, copyRecord } from "./quarantine-print.ts";
import { releaseCopy, releasesOf } from "./quarantine-release.ts";

export const quarantine: Command = {
  name: "quarantine",
  summary: "list, show, release and delete mail that is kept",
  usage: `quarantine list [FILTER...] [--limit N] [--json]
       signpost quarantine show ID... | --all FILTER... [--json | --raw]
       signpost quarantine release ID... | --all FILTER... [--to ADDRESS...] [--again] [--secret SECRET] [--json]
       signpost quarantine delete ID... | --all FILTER... [--json]

ID is a mail_id, or the name of a file as the log line has it behind "quarantine:". release has the running daemon send
the mail, through release_method or notify_method, to those who did not get it; a mail that was released is not sent a
second time but with --again. The others need no daemon. Exit codes: 1 nothing found, or released before; 66 no such
copy; 69 no daemon, or the next hop refuses; 75 the next hop does not take it now; 77 not allowed, or a wrong secret.

  --config FILE       the configuration; default ${defaultConfigFile}
  --socket PATH       the daemon's control socket
  --sender TEXT       part of the envelope sender
  --recipient TEXT    part of a recipient
  --subject TEXT      part of the subject
  --category NAME     CC_VIRUS, CC_BANNED, CC_SPAM, CC_BADH, CC_UNCHECKED, CC_CLEAN; "spam", "virus" do as well
  --since, --before TIME  2026-07-05, 2026-07-05T09:15:00Z, or 2d: two days ago
  --state STATE       kept, released or deleted; default all that are there
  --limit N           how many at most; default 1000
  --all               all that the filters name, instead of ids
  --to ADDRESS        released to this address instead; may be given several times
  --again             release what was released before
  --secret SECRET     the copy's secret_id, for who cannot read the index
  --raw               show the mail as it came
  --json              one object a line`,
  async run(args, io) {
    const wanted = readQuarantineArgs(args, io.now());
    const { action, ids, values } = wanted;
    if (action === "release" && values.secret !== undefined) {
      return await each(ids, (id) => releaseCopy({ id, secretId: values.secret }, wanted, io));
    }
    const opened = await openQuarantine(values.config, io);
    if ("exit" in opened) return opened.exit;
    try {
      return await act(opened, wanted, io);
    } finally {
      await opened.close();
    }
  },
};

async function act({ index, whileRoot }: OpenQuarantine, wanted: QuarantineArgs, io: Io): Promise<number> {
  const { rows, missing } = await select(index, wanted);
  for (const id of missing) io.stderr(`signpost: no copy is known by "${withoutControls(id)}"\n`);
  const exit = missing.length > 0 ? exitCode.noInput : rows.length === 0 ? exitCode.failure : exitCode.ok;
  const worse = (other: number) => (other === exitCode.ok ? exit : other);
  switch (wanted.action) {
    case "list":
      for (const row of rows) io.stdout(`${wanted.values.json === true ? jsonText(copyRecord(row)) : copyLine(row)}\n`);
      return exit;
    case "show":
      return worse(await each(rows, (row) => show(row, wanted, io)));
    case "release":
      return worse(await each(releasesOf(rows), (one) => whileRoot(() => releaseCopy(one, wanted, io))));
    case "delete":
      return worse(await remove(index, rows, wanted, io));
  }
}

/** The copies that are meant, and ids by which none is known. */
async function select(
  index: QuarantineIndex,
  { ids, filter, limit }: QuarantineArgs,
): Promise<{ readonly rows: readonly QuarantineRow[]; readonly missing: readonly string[] }> {
  if (ids.length === 0) return { rows: await index.list(filter, limit), missing: [] };
  const rows: QuarantineRow[] = [];
  const missing: string[] = [];
  for (const id of ids) {
    const found = await index.list({ ...filter, id }, limit);
    rows.push(...found);
    if (found.length === 0) missing.push(id);
  }
  return { rows, missing };
}

/** One after the other; the first code that is not 0. */
async function each<T>(items: readonly T[], act: (item: T) => Promise<number>): Promise<number> {
  let exit: number = exitCode.ok;
  for (const item of items) {
    const code = await act(item);
    if (exit === exitCode.ok) exit = code;
  }
  return exit;
}

async function show(row: QuarantineRow, { values }: QuarantineArgs, io: Io): Promise<number> {
  if (values.raw !== true) {
    if (values.json === true) io.stdout(`${jsonText({ ...copyRecord(row), secret_id: row.secretId })}\n`);
    else io.stdout(`${copyLines(row).join("\n")}\n`);
    return exitCode.ok;
  }
  const stored = await readCopy(`${row.folder}/${row.name}`);
  if ("problem" in stored) {
    io.stderr(`signpost: ${row.name}: ${stored.problem}\n`);
    return exitCode.data;
  }
  const { header, separator, body } = stored.message;
  io.stdout(Buffer.concat([header, Buffer.from(separator)]));
  if (body.kind === "spool") for await (const octets of body.read()) io.stdout(octets);
  return exitCode.ok;
}

async function remove(
  index: QuarantineIndex,
  rows: readonly QuarantineRow[],
  { values }: QuarantineArgs,
  io: Io,
): Promise<number> {
  const { removed, failed } = await removeCopies(realFiles, rows);
  await index.deleted(removed, io.now());
  for (const { folder, name } of removed) {
    io.stdout(values.json === true ? `${jsonText({ folder, name, state: "deleted" })}\n` : `${name}: deleted\n`);
  }
  for (const { copy, detail } of failed) io.stderr(`signpost: ${copy.name}: ${detail}\n`);
  return failed.length > 0 ? exitCode.permission : exitCode.ok;
}

// Mails, folders and file systems that fail, for tests of the quarantine.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { splitHeader } from "../../src/mail/header.ts";
import type { Message } from "../../src/mail/message.ts";
import type { QuarantineRow } from "../../src/mail/quarantine-row.ts";
import { type QuarantineFiles, realFiles } from "../../src/quarantine/files.ts";
import type { CopyToKeep, MailToKeep } from "../../src/quarantine/keep-copies.ts";
import type { FolderPlace } from "../../src/quarantine/place.ts";
import type { QuarantineIndex } from "../../src/quarantine/quarantine-index.ts";

/** A folder that goes with the test. */
export function temporaryFolder(context: { after(done: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "signpost-quarantine-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function messageFrom(text: string): Message {
  const [head = "", body = ""] = text.split(/\r\n\r\n([\s\S]*)/);
  const header = Buffer.from(`${head}\r\n`, "latin1");
  const chunks = body === "" ? [] : [Buffer.from(body, "latin1")];
  return {
    header,
    ...splitHeader(header),
    separator: "\r\n",
    body: { kind: "memory", sizeBytes: body.length, chunks },
  };
}

export const original = "From: a@example.net\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n\r\nHello\r\n\r\nworld\r\n";

export function mailToKeep(mailId: string, more: Partial<MailToKeep> = {}): MailToKeep {
  return {
    mailId,
    logId: "4711-01-2",
    partitionTag: "",
    receivedAtMs: Date.UTC(2026, 6, 5, 9, 15),
    message: messageFrom(original),
    sender: "a@example.net",
    parameters: "BODY=8BITMIME RET=HDRS",
    found: ["Eicar-Test-Signature"],
    ...more,
  };
}

export function folderPlace(folder: string, more: Partial<FolderPlace> = {}): FolderPlace {
  return {
    kind: "folder",
    deliveredTo: "virus-quarantine",
    folder,
    template: "virus-%m",
    subFolderLevels: 1,
    ...more,
  };
}

export function copyToKeep(place: CopyToKeep["place"], more: Partial<CopyToKeep> = {}): CopyToKeep {
  return {
    purpose: "quarantine",
    category: "CC_VIRUS",
    place,
    recipients: ["b@example.com", "c@example.com"],
    blocked: ["b@example.com"],
    fields: ["X-Amavis-Alert: INFECTED, message contains virus: Eicar-Test-Signature\r\n"],
    ...more,
  };
}

/** Every file below a folder, by its name, with what is in it; ".gz" undone. */
export function filesBelow(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const octets = readFileSync(path);
    found.set(
      path.slice(folder.length + 1),
      (entry.name.endsWith(".gz") ? gunzipSync(octets) : octets).toString("latin1"),
    );
  }
  return found;
}

/** An index in memory. */
export function memoryIndex(): Pick<QuarantineIndex, "add" | "sameMail"> & { readonly rows: QuarantineRow[] } {
  const rows: QuarantineRow[] = [];
  return {
    rows,
    add: (row) => void rows.push(row),
    sameMail: async (digest, since) => rows.filter((row) => row.digest === digest && row.at >= since).reverse(),
  };
}

/** Every call of the real file system in order, the n-th (from 1) failing: before it does anything, or after. */
export function failingFiles(
  n: number,
  when: "before" | "after",
  code = "EIO",
): { readonly files: QuarantineFiles; readonly calls: string[] } {
  const calls: string[] = [];
  async function call<T>(name: string, run: () => Promise<T>): Promise<T> {
    calls.push(name);
    const fails = calls.length === n;
    // Whatever is said of it, what is open is closed, or Node does so with noise.
    if (fails && when === "before" && name === "close") await run();
    if (fails && when === "before") throw Object.assign(new Error(`${code}: injected, ${name}`), { code });
    const result = await run();
    if (fails) throw Object.assign(new Error(`${code}: injected, ${name}`), { code });
    return result;
  }
  const files: QuarantineFiles = {
    create: (path) =>
      call("create", async () => {
        const file = await realFiles.create(path);
        if (calls.length === n && when === "after") await file.close();
        return {
          write: (octets) => call("write", () => file.write(octets)),
          sync: () => call("sync", () => file.sync()),
          close: () => call("close", () => file.close()),
        };
      }),
    makeFolder: (path) => call("makeFolder", () => realFiles.makeFolder(path)),
    giveName: (from, to) => call("giveName", () => realFiles.giveName(from, to)),
    unlink: (path) => realFiles.unlink(path),
    syncFolder: (path) => call("syncFolder", () => realFiles.syncFolder(path)),
    sizeOf: (path) => call("sizeOf", () => realFiles.sizeOf(path)),
  };
  return { files, calls };
}

export function quarantineRow(mailId: string, more: Partial<QuarantineRow> = {}): QuarantineRow {
  return {
    folder: "/q",
    name: `virus-${mailId}`,
    mailId,
    secretId: "s",
    at: 1000,
    purpose: "quarantine",
    category: "CC_VIRUS",
    sender: "Alice@Example.net",
    recipients: ["bob@example.com", "carol@example.com"],
    blocked: ["bob@example.com"],
    subject: "Hello",
    size: 100,
    found: [],
    digest: "d",
    state: "kept",
    ...more,
  };
}

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { PartsFound } from "../../../src/mail/content.ts";
import { splitHeader } from "../../../src/mail/header.ts";
import { defaultPartsLimits } from "../../../src/mime/limits.ts";
import { createContentPool } from "../../../src/pool/content-pool.ts";
import { workerUrl } from "../../../src/process/module-url.ts";
import { cabOf, isoOf, rarOf, tarOf, zipOf } from "../../support/archives.ts";
import { messageOctetsOf, type Where } from "../../support/mail-octets.ts";
import { base64Lines, doubts, lines, outline } from "../../support/mail-parts.ts";

const queue = { most: 100, waitMs: 60_000 };
const options = { worker: workerUrl("content"), threads: 1, queue, deadlineMs: 60_000, limits: defaultPartsLimits };
const misbehaving = { ...options, worker: new URL("misbehaving-content-worker.ts", import.meta.url).href };
const pool = createContentPool(options);
after(() => pool.close());

const exe = "MZ\x90\0hello";

/** A mail that is one attachment. */
function mailOf(content: Buffer | string, name = ""): string {
  const named = name === "" ? [] : [`Content-Disposition: attachment; filename="${name}"`];
  const fields = ["From: a@b.example", "Content-Type: a/b", "Content-Transfer-Encoding: base64", ...named, ""];
  return lines(...fields) + base64Lines(content);
}

const look = (content: Buffer | string, name?: string, where: Where = "memory") =>
  pool.lookInto(messageOctetsOf(mailOf(content, name), where));
/** "path types size names" below the mail itself. */
const inside = ({ parts }: PartsFound) =>
  parts
    .slice(1)
    .map(({ path, types, sizeBytes, names }) => `${path} ${types.join("+")} ${sizeBytes} ${names.join(" ")}`);
const fixture = (text: string) => Buffer.from(text, "base64");

const sevenZip = fixture(
  "N3q8ryccAAScMGxldAAAAAAAAAAgAAAAAAAAAMluyloBABRoZWxsbyB0aGVyZU1awpAAaGVsbG8AAACBMweuD8+SbmAP6+qcvzY9/nHKUfIBttljOyPJwM9W+enKWWAfOnNq+Wk9t8Y5yfhjT6ZzLpdE4UQZ28jKHaCyUjrEY0YV5oPWtdJvVRYMKwYPCs3IyAAAABcGGQEJWwAHCwEAASMDAQEFXQAQAAAMbgoBxrZeEwAA",
);
const lockedSevenZip = fixture(
  "N3q8ryccAAQ3DqPPEAAAAAAAAABiAAAAAAAAAI4vferin2h+ZAYWIsv9UW602EiEAQQGAAEJEAAHCwEAAiQG8QcBElMPSJZpqDLIpjp7YKvMpk4zOiEhAQABAAwOCgAICgFjSMtIAAAFARkBABENAHgALgBlAHgAZQAAABQKAQDgAtmpMIDdARUGAQAggLaBAAA=",
);
const hiddenSevenZip = fixture(
  "N3q8ryccAARgTF0kgAAAAAAAAAAuAAAAAAAAACKgDlsKXGv6DwgBVfnVD++6FgHYDuqhcJklivremWpGa2Qd6IJAaUSTszWQ1k1OXL8iXcdmC77sHd+zbSK3WxVflOYAaAQTCNHlDSBlnY2o/PT3DpmhFteR4K+rf5DQylmGKAXZfnBcbyxE44tzInrvHzlAsEmv0hzwpW1F8xkyhBodyBcGEAEJcAAHCwEAASQG8QcBElMPhoRwdBkMhQdKNiN/KWawagxiCgGgu8ezAAA=",
);
const xz = fixture("/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAITVqQAGhlbGxvAAAAAHYr5jmSFWACAAEhCWwYxdUftvN9AQAAAAAEWVo=");
const bz2 = fixture("QlpoOTFBWSZTWbe0htUAAADHIEAAAAIAEAJEwAAgACIaaNqEMCAc2FHi7kinChIW9pDaoA==");
const lzma = fixture("XQAAgAD//////////wAmlo5wA1sFpwa6Fl////taAAA=");

const archives: readonly [string, Buffer, string, readonly string[]][] = [
  [
    "zip",
    zipOf([
      { name: "x.exe", content: exe, method: 8 },
      { name: "d/", content: "" },
      { name: "d/t.txt", content: "hi" },
    ]),
    "a.zip",
    ["1.1 exe+exe-ms 9 x.exe", "1.2 asc 2 d/t.txt"],
  ],
  ["gzip", gzipSync(Buffer.from(exe, "latin1")), "x.exe.gz", ["1.1 exe+exe-ms 9 x.exe"]],
  ["zstd", zstdCompressSync(Buffer.from(exe, "latin1")), "x.exe.zst", ["1.1 exe+exe-ms 9 x.exe"]],
  ["xz", xz, "x.exe.xz", ["1.1 exe+exe-ms 9 x.exe"]],
  ["bzip2", bz2, "x.exe.bz2", ["1.1 exe+exe-ms 9 x.exe"]],
  ["lzma", lzma, "x.exe.lzma", ["1.1 exe+exe-ms 9 x.exe"]],
  ["tar", tarOf({ "x.exe": exe, "t.txt": "hi" }), "a.tar", ["1.1 exe+exe-ms 9 x.exe", "1.2 asc 2 t.txt"]],
  ["tar in gzip", gzipSync(tarOf({ "x.exe": exe })), "a.tgz", ["1.1 tar 2048 a.tar", "1.1.1 exe+exe-ms 9 x.exe"]],
  ["7z", sevenZip, "a.7z", ["1.1 asc 11 t.txt", "1.2 exe+exe-ms 10 x.exe"]],
  ["rar", rarOf({ "x.exe": exe, "t.txt": "hi" }), "a.rar", ["1.1 exe+exe-ms 9 x.exe", "1.2 asc 2 t.txt"]],
  ["cab", cabOf("x.exe", exe), "a.cab", ["1.1 exe+exe-ms 9 x.exe"]],
  ["iso", isoOf("X.EXE", exe), "a.iso", ["1.1 exe+exe-ms 9 X.EXE"]],
  [
    "zip in zip",
    zipOf([{ name: "b.zip", content: zipOf([{ name: "x.exe", content: exe }]), method: 8 }]),
    "a.zip",
    ["1.1 zip 117 b.zip", "1.1.1 exe+exe-ms 9 x.exe"],
  ],
  [
    "mail in zip",
    zipOf([{ name: "m.eml", content: lines("Subject: x", "Content-Type: a/b; name=x.exe", "", "y") }]),
    "a.zip",
    ["1.1 asc 48 m.eml", "1.1.1 asc 3 x.exe"],
  ],
];

for (const [name, octets, file, parts] of archives) {
  test(`opens ${name}`, async () => {
    const found = await look(octets, file);
    assert.deepEqual(inside(found), parts);
    assert.deepEqual(found.unchecked, []);
    assert.deepEqual(await look(octets, file, "spool"), found);
  });
  test(`${name} that is cut off or damaged is answered, and half of it is no clean mail`, async () => {
    const half = await look(octets.subarray(0, octets.length / 2), file);
    // All that the image holds stands in its first half.
    if (name !== "iso") assert.notDeepEqual(half.unchecked, []);
    await look(octets.subarray(0, octets.length - 1), file);
    const damaged = Buffer.from(octets);
    damaged.fill(0x55, Math.floor(octets.length / 3), Math.floor(octets.length / 3) + 8);
    await look(damaged, file);
  });
}

const locked: readonly [string, Buffer, readonly string[]][] = [
  [
    "zip",
    fixture(
      "UEsDBAoACQAAAKyUfV1XOMgSFQAAAAkAAAAFABwAeC5leGVVVAkAA+RwDGvkcAxrdXgLAAEEAAAAAAQAAAAALwPIHpwC7t5+sPp10kVhUdrOawXiUEsHCFc4yBIVAAAACQAAAFBLAQIeAwoACQAAAKyUfV1XOMgSFQAAAAkAAAAFABgAAAAAAAAAAACkgQAAAAB4LmV4ZVVUBQAD5HAMa3V4CwABBAAAAAAEAAAAAFBLBQYAAAAAAQABAEsAAABkAAAAAAA=",
    ),
    ["1.1  9 x.exe"],
  ],
  ["7z", lockedSevenZip, ["1.1  0 x.exe"]],
  ["7z with its list", hiddenSevenZip, []],
];

for (const [name, octets, parts] of locked) {
  test(`${name} with a password is told as such, with the names that can be read`, async () => {
    const found = await look(octets);
    assert.equal(found.parts[0]?.encrypted, true);
    assert.deepEqual(inside(found), parts);
    assert.deepEqual([...new Set(found.unchecked.map(({ reason }) => reason))], ["encrypted"]);
  });
}

const odd: readonly [string, Buffer, readonly string[], readonly string[]][] = [
  [
    "two names",
    zipOf([{ name: "x.txt", localName: "x.exe", content: "hi" }]),
    ["1.1 asc 2 x.txt x.exe"],
    ["ambiguous 1"],
  ],
  [
    "a hidden member",
    zipOf([
      { name: "t.txt", content: "hi" },
      { name: "x.exe", content: exe, hidden: true },
    ]),
    ["1.1 asc 2 t.txt", "1.2 exe+exe-ms 9 x.exe"],
    ["ambiguous 1"],
  ],
  [
    "another in front",
    Buffer.concat([zipOf([{ name: "x.exe", content: exe }]), zipOf([{ name: "t.txt", content: "hi" }])]),
    ["1.1 asc 2 t.txt", "1.2 exe+exe-ms 9 x.exe"],
    ["ambiguous 1"],
  ],
  ["a wrong sum", zipOf([{ name: "t.txt", content: "hi", crc: 1 }]), ["1.1 asc 2 t.txt"], ["failed 1.1"]],
  [
    "a wrong size",
    zipOf([{ name: "t.txt", content: "hi", method: 8, sizeBytes: 1 }]),
    ["1.1 asc 2 t.txt"],
    ["failed 1.1"],
  ],
  ["an unknown method", zipOf([{ name: "t.txt", content: "hi", method: 77 }]), ["1.1 empty 0 t.txt"], ["failed 1.1"]],
  ["a member in xz", zipOf([{ name: "x.exe", content: exe, method: 95, packed: xz }]), ["1.1 exe+exe-ms 9 x.exe"], []],
];

for (const [name, octets, parts, unchecked] of odd) {
  test(`a zip with ${name}`, async () => {
    const found = await look(octets);
    assert.deepEqual(inside(found), parts);
    assert.deepEqual(doubts(found), unchecked);
  });
}

test("archives that nothing here opens are told as not looked into", async () => {
  assert.deepEqual(doubts(await look("\x60\xea and so on")), ["failed 1"]);
});

test("bombs end at their bounds", async () => {
  const zeros = Buffer.alloc(3_000_000);
  const bombs = [
    zipOf([{ name: "z", content: zeros, method: 8 }]),
    gzipSync(Buffer.alloc(10_000_000)),
    zipOf([{ name: "z.zip", content: zipOf([{ name: "z", content: zeros, method: 8 }]), method: 8 }]),
  ];
  for (const bomb of bombs) {
    const limits = { ...defaultPartsLimits, MIN_EXPANSION_QUOTA: 1000, MAX_EXPANSION_QUOTA: 500_000 };
    const bounded = createContentPool({ ...options, limits });
    try {
      const found = await bounded.lookInto(messageOctetsOf(mailOf(bomb), "memory"));
      assert.ok(doubts(found).some((each) => each.startsWith("over-limits")));
      for (const { sizeBytes } of found.parts) assert.ok(sizeBytes <= 1_000_000);
    } finally {
      await bounded.close();
    }
  }
});

test("sixty thousand members are answered, and told as too many", async () => {
  const many = zipOf(Array.from({ length: 60_000 }, (_, i) => ({ name: `${i}.txt`, content: "hi" })));
  const found = await look(many);
  assert.equal(found.parts.length, defaultPartsLimits.MAXFILES);
  assert.deepEqual(doubts(found), ["over-limits 1"]);
});

test("archives within each other are bound", async () => {
  let archive = zipOf([{ name: "x.exe", content: exe }]);
  for (let level = 0; level < 20; level += 1) archive = zipOf([{ name: "a.zip", content: archive }]);
  const found = await look(archive);
  assert.equal(found.parts.length, 1 + defaultPartsLimits.MAXLEVELS);
  assert.deepEqual(
    doubts(found).map((each) => each.split(" ")[0]),
    ["over-limits"],
  );
});

test("a small mail is taken apart in place, a large or spooled one by a worker, all alike", async () => {
  const done: string[] = [];
  const counting = createContentPool({ ...options, observer: { mailDone: (where) => done.push(where) } });
  try {
    const mail = lines(
      "Content-Type: multipart/mixed; boundary=b",
      "",
      "--b",
      "",
      "one",
      "--b",
      "Content-Type: a/b; name=x",
      "",
      "two",
      "--b--",
    );
    const inMemory = await counting.lookInto(messageOctetsOf(mail, "memory"));
    assert.deepEqual(outline(inMemory), ["1 multipart/mixed 58", "1.1 text/plain 3", "1.2 a/b 3 x"]);
    assert.deepEqual(await counting.lookInto(messageOctetsOf(mail, "spool", 7)), inMemory);
    const large = `${mail}${"x".repeat(40_000)}`;
    const [first, second] = await Promise.all([
      counting.lookInto(messageOctetsOf(large, "memory")),
      counting.lookInto(messageOctetsOf(large, "spool", 1000)),
    ]);
    assert.deepEqual(first, second);
    assert.deepEqual(done, ["in-place", "worker", "worker", "worker"]);
    assert.deepEqual(counting.stats(), { busy: 0, waiting: 0 });
  } finally {
    await counting.close();
  }
});

test("fields that are cut already are taken, unless not all of the header is in them", async () => {
  const mail = messageOctetsOf(mailOf("x", "a.exe"), "memory");
  const split = splitHeader(mail.header);
  const found = await pool.lookInto(mail);
  assert.deepEqual(found.parts[0]?.names, ["a.exe"]);
  assert.deepEqual(await pool.lookInto({ ...mail, ...split }), found);
  assert.deepEqual(await pool.lookInto({ ...mail, fields: [], cut: "fields" }), found);
  assert.deepEqual((await pool.lookInto({ ...mail, fields: [], cut: "no-field-name" })).parts[0]?.names, []);
});

test("a mail whose key is known is taken apart once, its copies are not; what is doubtful is each time", async () => {
  const done: string[] = [];
  const counting = createContentPool({ ...options, observer: { mailDone: (where) => done.push(where) } });
  const zip = mailOf(zipOf([{ name: "x.exe", content: exe, method: 8 }]), "a.zip");
  const locked = mailOf(lockedSevenZip, "a.7z");
  try {
    const found = await counting.lookInto(messageOctetsOf(zip, "memory"), "zip");
    const again = await counting.lookInto(messageOctetsOf(`To: another@b.example\r\n${zip}`, "spool"), "zip");
    assert.deepEqual(again, { ...found, isKept: true });
    assert.match(inside(again).join(), /x\.exe/);
    await counting.lookInto(messageOctetsOf(zip, "memory"), "another body");
    const doubtful = await counting.lookInto(messageOctetsOf(locked, "memory"), "locked");
    assert.deepEqual(await counting.lookInto(messageOctetsOf(locked, "memory"), "locked"), doubtful);
    assert.deepEqual(done, ["worker", "known", "worker", "worker", "worker"]);
  } finally {
    await counting.close();
  }
});

const spooled = (first: string) => messageOctetsOf(lines(`${first}: 1`, "Content-Type: a/b; name=n", "", "x"), "spool");

test("a worker that dies, throws or hangs costs its mail the answer, and nothing else", async () => {
  const ended: string[] = [];
  const failing = createContentPool({
    ...misbehaving,
    deadlineMs: 3000,
    observer: { workerEnded: (reason) => ended.push(reason) },
  });
  try {
    const results = await Promise.all(["exit", "throw", "hang"].map((first) => failing.lookInto(spooled(first))));
    assert.deepEqual(results.map(doubts), [["failed -"], ["failed -"], ["over-limits -"]]);
    for (const result of results) assert.deepEqual(outline(result), ["1 a/b 3 n"]);
    assert.deepEqual(ended, ["died", "died", "deadline"]);
  } finally {
    await failing.close();
  }
});

test("mail that would wait too long, or behind too many, is to be tried again", async () => {
  for (const [limits, expected] of [
    [{ most: 1, waitMs: 60_000 }, "more than 1 mails wait to be taken apart"],
    [{ most: 2, waitMs: 10 }, "no thread to take the mail apart within 0.01 s"],
  ] as const) {
    const full = createContentPool({ ...misbehaving, queue: limits, deadlineMs: 3000 });
    const asked = Promise.allSettled([1, 2, 3].map(() => full.lookInto(spooled("hang"))));
    const small = await full.lookInto(messageOctetsOf(lines("Content-Type: a/b", "", "x"), "memory"));
    assert.deepEqual(small.unchecked, [], "done by the caller's thread");
    while (full.stats().waiting > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    if (limits.waitMs < 1000) while (full.stats().waiting > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await full.close();
    const refused = (await asked).map((each) => (each.status === "rejected" ? `${each.reason.message}` : ""));
    assert.equal(refused[2], expected);
  }
});

test("a thread lets the main thread go first", async () => {
  const nicenesses = () =>
    readdirSync("/proc/self/task").map((thread) => {
      try {
        const stat = readFileSync(`/proc/self/task/${thread}/stat`, "latin1");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
      } catch {
        // It has ended meanwhile.
        return undefined;
      }
    });
  await look(zipOf([{ name: "x.exe", content: exe }]));
  assert.ok(
    nicenesses().some((each) => each === getPriority() + 5),
    nicenesses().join(),
  );
});

test("a body that cannot be read is trouble of ours", async () => {
  const message = spooled("X");
  const broken = {
    ...message,
    body: {
      ...message.body,
      kind: "spool" as const,
      async *read() {
        yield new Uint8Array(1);
        throw new Error("the disk is gone");
      },
    },
  };
  await assert.rejects(async () => pool.lookInto(broken), /cannot be read/);
});

test("after its end nothing is taken, and what waits is refused", async () => {
  const closing = createContentPool({ ...misbehaving });
  const results = Promise.allSettled([closing.lookInto(spooled("hang")), closing.lookInto(spooled("hang"))]);
  await new Promise(setImmediate);
  await closing.close();
  assert.deepEqual(
    (await results).map(({ status }) => status),
    ["rejected", "rejected"],
  );
  await assert.rejects(async () => closing.lookInto(spooled("X")), /closed/);
});

const corpora = process.env.CORPORA;
const malformed = corpora === undefined ? undefined : join(corpora, "mime-malformed");

test("malformed mail of others is answered alike from memory and from spool", async () => {
  const files = malformed === undefined ? [] : readdirSync(malformed).filter((name) => name.endsWith(".eml"));
  for (const file of files) {
    const mail = readFileSync(join(malformed ?? "", file));
    if (mail.indexOf("\r\n\r\n") < 0) continue;
    const found = await pool.lookInto(messageOctetsOf(mail, "memory"));
    assert.deepEqual(await pool.lookInto(messageOctetsOf(mail, "spool", 100)), found, file);
  }
});

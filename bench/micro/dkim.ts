// What signing, verifying and body hashing cost above the bare arithmetic, and what mailauth takes for the same.
// Prints CPU time and ratios; `node bench/micro/dkim.ts`. Never fails on a time.
import { createHash, generateKeyPairSync, sign, verify } from "node:crypto";
import mailauth from "mailauth";
import { createBodyHasher } from "../../src/dkim/body-hash.ts";
import { defaultVerifyPolicy, type SignRequest } from "../../src/dkim/engine.ts";
import { createKeyCache } from "../../src/dkim/key-record.ts";
import { signMessage } from "../../src/dkim/sign.ts";
import { readSignatureFields } from "../../src/dkim/signature-fields.ts";
import { defaultSignedHeaderFields } from "../../src/dkim/signed-fields.ts";
import { verifyMessage } from "../../src/dkim/verify.ts";
import { splitHeader } from "../../src/mail/header.ts";
import type { Answer } from "../../src/rr/answer.ts";

const now = 1_800_000_000;
const pairs = {
  "rsa-sha256": generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "ed25519-sha256": generateKeyPairSync("ed25519"),
};

const header = Buffer.from(
  [
    "Received: from client.example.com (client.example.com [192.0.2.7])\r\n\tby mail.example.com (Postfix) with ESMTPSA id 4XyZ1234Qz9abc\r\n\tfor <ann@example.org>; Fri, 15 Jan 2027 08:00:00 +0000 (UTC)\r\n",
    "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n",
    "From: Joe SixPack <joe@example.com>\r\n",
    "To: Ann Example <ann@example.org>,\r\n Bob Example <bob@example.org>\r\n",
    "Cc: list@lists.example.org\r\n",
    "Subject: A subject of ordinary length, with a few words\r\n",
    "Message-ID: <20270115080000.GA12345@client.example.com>\r\n",
    "References: <a1@example.org> <a2@example.com>\r\n\t<a3@example.org>\r\n",
    "In-Reply-To: <a3@example.org>\r\n",
    "MIME-Version: 1.0\r\n",
    "Content-Type: text/plain; charset=utf-8\r\n",
    "Content-Transfer-Encoding: 8bit\r\n",
    "User-Agent: Mutt/2.2.9\r\n",
  ].join(""),
);

type Kind = "plain" | "base64" | "blanks";

/** Text of a size, the same in each run. */
function text(kind: Kind, sizeBytes: number): Buffer {
  let seed = 42;
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const separators = kind === "blanks" ? ["  ", "\t", " \t ", " "] : [" "];
  let out = "";
  while (out.length < sizeBytes) {
    let line = "";
    while (line.length < 70) {
      if (kind === "base64") line += "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY";
      else
        line +=
          "etaoinshrdlucmfwypvbgkjqxz".slice(0, 1 + random() * 9) +
          (separators[Math.floor(random() * separators.length)] ?? " ");
    }
    out += `${kind === "plain" ? line.trimEnd() : line}\r\n`;
  }
  return Buffer.from(`${out.slice(0, sizeBytes - 2)}\r\n`, "latin1");
}

/**
 * CPU microseconds of one call of each work: the least of many short rounds. The works take turns, so that what else
 * the machine does meets all of them alike; timed one after the other, their ratio is mostly noise.
 */
function costs(...works: (() => unknown)[]): number[] {
  const least = works.map(() => Infinity);
  const times = works.map((work) => callsPerRound(work));
  for (let round = 0; round < 40; round += 1) {
    for (const [i, work] of works.entries()) {
      const start = process.cpuUsage();
      for (let call = 0; call < (times[i] ?? 1); call += 1) work();
      const { user, system } = process.cpuUsage(start);
      least[i] = Math.min(least[i] ?? Infinity, (user + system) / (times[i] ?? 1));
    }
  }
  return least;
}

/** So many that a round takes some 10 ms, after warming up. */
function callsPerRound(work: () => unknown): number {
  const start = process.cpuUsage();
  let calls = 0;
  let spent = 0;
  while (spent < 60_000) {
    work();
    calls += 1;
    const { user, system } = process.cpuUsage(start);
    spent = user + system;
  }
  return Math.max(1, Math.round(calls / 6));
}

async function costAsync(work: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < 30; i += 1) await work();
  let least = Infinity;
  for (let round = 0; round < 6; round += 1) {
    const start = process.cpuUsage();
    for (let i = 0; i < 50; i += 1) await work();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 50);
  }
  return least;
}

function line(name: string, [ours = 0, floor = 0]: number[], peer?: number): void {
  const ratio = `${(ours / floor).toFixed(2)} x floor`;
  const beside =
    peer === undefined ? "" : `   mailauth ${peer.toFixed(0).padStart(5)} us, ${(peer / ours).toFixed(1)} x ours`;
  console.log(
    `${name.padEnd(34)} ${ours.toFixed(1).padStart(8)} us  floor ${floor.toFixed(1).padStart(7)} us  ${ratio.padStart(13)}${beside}`,
  );
}

/** A peer that does nothing is fast: its signature must pass here, and ours there. */
async function expectPeerToWork(
  peerSign: () => Promise<{ signatures: string }>,
  peerVerify: () => Promise<{ results: { status: { result: string } }[] }>,
  { header, body, keys }: { header: Buffer; body: Buffer; keys: [string, Answer<"TXT">][] },
): Promise<void> {
  const { signatures } = await peerSign();
  const signed = Buffer.concat([Buffer.from(signatures), header]);
  const [own] = verifyMessage({ header: signed, body: { chunks: [body] }, keys, now, policy: defaultVerifyPolicy });
  const { results } = await peerVerify();
  const theirs = results[0]?.status.result;
  if (own?.result !== "pass" || theirs !== "pass")
    throw new Error(`mailauth: signs ${own?.result}, verifies ${theirs}`);
}

function spki(algorithm: keyof typeof pairs): string {
  const der = pairs[algorithm].publicKey.export({ format: "der", type: "spki" });
  return (algorithm === "rsa-sha256" ? der : der.subarray(-32)).toString("base64");
}

for (const algorithm of ["rsa-sha256", "ed25519-sha256"] as const) {
  const { privateKey, publicKey } = pairs[algorithm];
  const record = `v=DKIM1; k=${algorithm === "rsa-sha256" ? "rsa" : "ed25519"}; p=${spki(algorithm)}`;
  const keys: [string, Answer<"TXT">][] = [
    [
      "s1._domainkey.example.com",
      { status: "found", records: [record.match(/.{1,255}/g) ?? []], ttlSeconds: 300, secure: false },
    ],
  ];
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  for (const sizeBytes of [1500, 10_000, 100_000]) {
    const body = text("plain", sizeBytes);
    const request: SignRequest = {
      domain: "example.com",
      selector: "s1",
      algorithm,
      headerCanonicalization: "relaxed",
      bodyCanonicalization: "relaxed",
      identity: "",
      signedAt: now,
      expiresAt: now + 21 * 86_400,
      signedFields: defaultSignedHeaderFields,
      privateKey,
    };
    const digest = createHash("sha256").update(header).digest();
    const bareSign = () => {
      createHash("sha256").update(body).digest();
      return algorithm === "rsa-sha256" ? sign("sha256", header, privateKey) : sign(null, digest, privateKey);
    };
    const bareSignature = bareSign();
    const bareVerify = () => {
      createHash("sha256").update(body).digest();
      return algorithm === "rsa-sha256"
        ? verify("sha256", header, publicKey, bareSignature)
        : verify(null, digest, publicKey, bareSignature);
    };
    const [signature = ""] = signMessage({ header, body: { chunks: [body] }, requests: [request] });
    const signed = Buffer.concat([Buffer.from(signature), header]);
    const whole = Buffer.concat([signed, Buffer.from("\r\n"), body]);
    const cache = createKeyCache();
    const job = { header: signed, body: { chunks: [body] }, keys, now, policy: defaultVerifyPolicy };
    const [result] = verifyMessage(job, cache);
    if (result?.result !== "pass") throw new Error(`own signature: ${result?.reason}`);

    const signOnce = () => signMessage({ header, body: { chunks: [body] }, requests: [request] });
    const peerKey = { signingDomain: "example.com", selector: "s1", privateKey: pem };
    const peerSign = () =>
      mailauth.dkimSign(Buffer.concat([header, Buffer.from("\r\n"), body]), {
        canonicalization: "relaxed/relaxed",
        algorithm,
        signTime: new Date(now * 1000),
        // Its types want the key here, its code there; without the second it returns at once, having signed nothing.
        ...peerKey,
        signatureData: [peerKey],
      });
    const resolver = async () => [[record]];
    const peerVerify = () => mailauth.dkimVerify(whole, { resolver, strict: true });
    await expectPeerToWork(peerSign, peerVerify, { header, body, keys });
    line(`sign ${algorithm} ${sizeBytes}`, costs(signOnce, bareSign), await costAsync(peerSign));
    const verifyOnce = () => verifyMessage(job, cache);
    line(`verify ${algorithm} ${sizeBytes}`, costs(verifyOnce, bareVerify), await costAsync(peerVerify));
    if (sizeBytes === 10_000) {
      const { fields } = splitHeader(signed);
      line(
        "  split header (main thread)",
        costs(() => splitHeader(signed), bareVerify),
      );
      line(
        "  read signatures (main thread)",
        costs(() => readSignatureFields(fields, defaultVerifyPolicy), bareVerify),
      );
    }
  }
}

for (const kind of ["plain", "base64", "blanks"] as const) {
  const body = text(kind, 4 * 1024 * 1024);
  const hashAll = (canonicalization: "simple" | "relaxed", blockBytes: number) => () => {
    const hasher = createBodyHasher([{ canonicalization, hash: "sha256" }]);
    for (let at = 0; at < body.length; at += blockBytes) hasher.update(body.subarray(at, at + blockBytes));
    return hasher.digest();
  };
  const bare = () => createHash("sha256").update(body).digest();
  for (const [canonicalization, blockBytes] of [
    ["simple", 65_536],
    ["relaxed", 65_536],
    ["relaxed", 1460],
  ] as const) {
    const [ours = 0, raw = 0] = costs(hashAll(canonicalization, blockBytes), bare);
    const name = `body ${kind}, ${canonicalization}, blocks of ${blockBytes}`;
    const speed = `${(body.length / ours).toFixed(0)} MB/s`;
    console.log(name.padEnd(44), speed.padStart(10), `${(raw / ours).toFixed(2)} of raw SHA-256`);
  }
}

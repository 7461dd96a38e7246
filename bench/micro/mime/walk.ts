// What taking a mail apart costs, beside an RSA-2048 signature and a SHA-256 over as many octets. Prints CPU time and ratios;
// `node bench/micro/mime/walk.ts`. Never fails on a time.
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { splitHeader } from "../../../src/mail/header.ts";
import { defaultPartsLimits } from "../../../src/mime/limits.ts";
import { createMailWalk } from "../../../src/mime/mail-walk.ts";

const header = Buffer.from(
  [
    "Received: from client.example.com (client.example.com [192.0.2.7])\r\n\tby mail.example.com (Postfix) with ESMTPSA id 4XyZ1234Qz9abc\r\n\tfor <ann@example.org>; Fri, 15 Jan 2027 08:00:00 +0000 (UTC)\r\n",
    "From: Joe SixPack <joe@example.com>\r\n",
    "To: Ann Example <ann@example.org>\r\n",
    "Subject: two parts\r\n",
    "MIME-Version: 1.0\r\n",
    'Content-Type: multipart/mixed; boundary="=_b1"\r\n',
  ].join(""),
);
const line = "The quick brown fox jumps over the lazy dog, and goes home.\r\n";

/** Text and one attachment, half of it each for small mail. */
function bodyOf(textBytes: number, attachmentBytes: number): Buffer {
  const base64 = Buffer.alloc(attachmentBytes, 7)
    .toString("base64")
    .replaceAll(/.{1,76}/g, "$&\r\n");
  return Buffer.from(
    `--=_b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${line.repeat(Math.ceil(textBytes / line.length))}--=_b1\r\n` +
      'Content-Type: application/pdf; name="report.pdf"\r\nContent-Disposition: attachment; filename="report.pdf"\r\n' +
      `Content-Transfer-Encoding: base64\r\n\r\n${base64}--=_b1--\r\n`,
  );
}

function cpuMs(times: number, work: () => unknown): number {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i += 1) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

function walk(body: Buffer): unknown {
  const found = createMailWalk(splitHeader(header), defaultPartsLimits);
  for (let at = 0; at < body.length; at += 65_536) found.write(body.subarray(at, at + 65_536));
  found.end();
  return found.found();
}

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
for (const [name, body, times] of [
  ["10 kB, two parts", bodyOf(4500, 4000), 4000],
  ["10 MB, one attachment", bodyOf(1000, 7_400_000), 20],
] as const) {
  for (const round of ["warming up", "still", "measured"]) {
    const rsa = cpuMs(200, () => sign("sha256", header, privateKey));
    const hash = cpuMs(Math.max(1, times / 4), () => createHash("sha256").update(body).digest());
    const own = cpuMs(times, () => walk(body));
    if (round === "measured")
      process.stdout.write(
        `${name}: ${own.toFixed(3)} ms, ${(own / rsa).toFixed(2)} x RSA-2048, ${(own / hash).toFixed(2)} x SHA-256 of the body\n`,
      );
  }
}

// Messages to measure with: made from a fixed seed, by size, so that two runs look at the same octets.

/** Octets of a header section much as a mail client and one hop write it: 12 fields, a little over 800 octets. */
const headerLines = [
  "Received: from client.example.com (client.example.com [192.0.2.17])",
  "\tby mail.example.com (Postfix) with ESMTPSA id 4XyZ0123456789",
  "\tfor <someone@example.net>; Thu, 01 Oct 2026 10:00:00 +0000 (UTC)",
  "Date: Thu, 01 Oct 2026 10:00:00 +0000",
  "From: Alice Example <alice@example.com>",
  "To: Someone Else <someone@example.net>",
  "Cc: Another One <another@example.net>",
  "Subject: Minutes of the meeting on throughput, second part",
  "Message-ID: <20261001100000.4711.alice@example.com>",
  "In-Reply-To: <20260930180000.0815.someone@example.net>",
  "References: <20260929080000.1@example.net> <20260930180000.0815.someone@example.net>",
  "MIME-Version: 1.0",
  "User-Agent: Some Mail Client 12.3",
  "Content-Type: text/plain; charset=utf-8; format=flowed",
  "Content-Transfer-Encoding: 8bit",
];

const words =
  "the quick mail passes through a filter that signs what leaves and judges what comes while nobody waits for long".split(
    " ",
  );

/** A small generator of equal numbers everywhere (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Lines of words, 60 to 76 characters, now and then an empty one; as much as fits into `bytes`, CRLF line ends. */
export function bodyOf(bytes: number, seed = 1): string {
  const next = random(seed);
  const lines: string[] = [];
  // Text repeats after a while: making 50 MB word by word would take longer than to measure with it.
  for (let made = 0; made < Math.min(bytes, 64 * 1024); ) {
    let line = "";
    while (line.length < 60) line += `${line === "" ? "" : " "}${words[Math.floor(next() * words.length)] ?? ""}`;
    if (next() < 0.1) line = "";
    lines.push(line);
    made += line.length + 2;
  }
  const page = `${lines.join("\r\n")}\r\n`;
  const body = page.repeat(Math.ceil(bytes / page.length)).slice(0, Math.max(0, bytes - 2));
  // The cut may fall into a line end.
  return `${body.replace(/[\r\n]+$/, "")}\r\n`;
}

/** `html`: text and the same as HTML (multipart/alternative), as mail clients write it; else text alone. */
export interface MessageOptions {
  readonly from?: string;
  readonly seed?: number;
  readonly html?: boolean;
}

/** A whole message of about `bytes` octets, header included. */
export function messageOf(
  bytes: number,
  { from = "alice@example.com", seed = 1, html = false }: MessageOptions = {},
): Buffer {
  const plain = `${headerLines.join("\r\n")}\r\n`.replace("alice@example.com>", `${from}>`);
  if (!html) return Buffer.from(`${plain}\r\n${bodyOf(bytes - plain.length - 2, seed)}`, "latin1");
  const header = plain.replace(/Content-Type: .*/, 'Content-Type: multipart/alternative; boundary="=_both"');
  const half = Math.floor((bytes - header.length) / 2) - 200;
  const body = [
    `--=_both\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${bodyOf(half, seed)}`,
    `--=_both\r\nContent-Type: text/html; charset=utf-8\r\n\r\n${htmlOf(half, seed)}`,
    "--=_both--\r\n",
  ];
  return Buffer.from(`${header}\r\n${body.join("\r\n")}`, "latin1");
}

/** Paragraphs with a style and a link each, as much as fits into `bytes`. */
function htmlOf(bytes: number, seed: number): string {
  const [start, end] = ["<html><head><title>Minutes</title></head><body>\r\n", "</body></html>\r\n"];
  const paragraphs: string[] = [];
  let room = bytes - start.length - end.length;
  for (let number = 0; room > 0; number += 1) {
    const link = `<a href="https://www.example.com/minutes/${number}">item ${number}</a>`;
    const paragraph = `<p style="font-size: 12px">${bodyOf(300, seed + number)}${link}</p>\r\n`;
    paragraphs.push(paragraph);
    room -= paragraph.length;
  }
  return `${start}${paragraphs.join("")}${end}`;
}

/** The message as it follows DATA: dots stuffed, ended by the lone dot. */
export function onTheWire(message: Buffer): Buffer {
  const text = message.toString("latin1").replaceAll("\r\n.", "\r\n..");
  return Buffer.from(`${text.startsWith(".") ? "." : ""}${text}${text.endsWith("\r\n") ? "" : "\r\n"}.\r\n`, "latin1");
}

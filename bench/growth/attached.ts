// Mail with parts, attachments and archives to look into, in any number, each mail as often as it is asked for.
import { zipOf } from "../../test/support/archives.ts";
import { bodyOf, onTheWire } from "../messages.ts";

const header =
  "Received: from client.example.com (client.example.com [192.0.2.17])\r\n\tby mail.example.com (Postfix) with ESMTPSA id 4XyZ0123456789;\r\n" +
  "\tThu, 01 Oct 2026 10:00:00 +0000 (UTC)\r\nDate: Thu, 01 Oct 2026 10:00:00 +0000\r\nFrom: Alice Example <alice@example.com>\r\n" +
  "To: Someone Else <someone@example.net>\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n" +
  'Content-Type: multipart/mixed; boundary="=_b1"\r\n';

const base64 = (octets: Buffer) => octets.toString("base64").replaceAll(/.{1,76}/g, "$&\r\n");
const textPart = (bytes: number) => `--=_b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${bodyOf(bytes)}\r\n`;

function attachment(octets: string, name: string, type: string): string {
  return `--=_b1\r\nContent-Type: ${type}; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${octets}`;
}

const mailOf = (parts: string) => Buffer.from(`${header}\r\n${parts}--=_b1--\r\n`, "latin1");
const pdf = (bytes: number) => base64(Buffer.concat([Buffer.from("%PDF-1.4\n"), Buffer.alloc(bytes, 7)]));

/** So many text parts of some 200 octets. */
export function manyParts(count: number): Buffer {
  return mailOf(textPart(100).repeat(count));
}

/** A text of 1 kB and so many attachments, each of so many octets before base64. */
export function withAttachments(count: number, bytes: number): Buffer {
  const octets = pdf(bytes);
  const all = Array.from({ length: count }, (_, index) => attachment(octets, `report${index}.pdf`, "application/pdf"));
  return mailOf(textPart(1000) + all.join(""));
}

/** A text of 1 kB and a zip with so many deflated members of 1 kB. */
export function withZip(members: number): Buffer {
  const content = bodyOf(1000);
  const zip = zipOf(Array.from({ length: members }, (_, index) => ({ name: `${index}.txt`, content, method: 8 })));
  return mailOf(textPart(1000) + attachment(base64(zip), "all.zip", "application/zip"));
}

let made = 0;

/**
 * The mail so many times over, each with a Subject and a preamble (RFC 2046 section 5.1.1) of its own: neither a verdict
 * on it is remembered nor what parts it has.
 */
export function copies(mail: Buffer, count: number): readonly Buffer[] {
  const end = mail.indexOf("\r\n\r\n") + 4;
  const [header, body] = [mail.subarray(0, end), mail.subarray(end)];
  return Array.from({ length: count }, () => {
    made += 1;
    const [subject, preamble] = [`Subject: Minutes ${made}\r\n`, `Copy ${made}\r\n`];
    return Buffer.concat([Buffer.from(subject), header, Buffer.from(preamble), body]);
  });
}

/** The same as it goes over the wire. */
export function fresh(mail: Buffer, count: number): readonly Buffer[] {
  return copies(mail, count).map(onTheWire);
}

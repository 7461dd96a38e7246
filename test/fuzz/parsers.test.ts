// One target for each parser of what others write. Inputs are strung together from the parser's own words and from octets that
// matter to it, so that they get past its first line. Whatever comes: it does not throw, says the same of the same, and twice as
// much of anything is twice the work. SIGNPOST_FUZZ_RUNS=100000 looks longer, SIGNPOST_FUZZ_SEED=7 elsewhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeysfileError, parseKeysfile } from "../../src/amavis/keysfile.ts";
import { readAmavisdConf } from "../../src/amavis/read-conf.ts";
import { readArcResults } from "../../src/arc/results.ts";
import { parseAuthenticationResults } from "../../src/authres/parse.ts";
import { leaveOutClaims } from "../../src/authres/remove.ts";
import { parseDmarcRecord } from "../../src/checks/dmarc-record.ts";
import { headerFaults } from "../../src/checks/header-faults.ts";
import { readYamlSource } from "../../src/config/yaml-source.ts";
import { parseDomainKeysSignature } from "../../src/dkim/domainkeys.ts";
import { readKeyRecord } from "../../src/dkim/key-record.ts";
import { parseDkimSignature } from "../../src/dkim/signature.ts";
import { decodeResponse, encodeQuery, readAnswer } from "../../src/dns/wire.ts";
import { parseAddressList, splitAddress } from "../../src/mail/address.ts";
import { readAuthors } from "../../src/mail/authors.ts";
import { decodedText } from "../../src/mail/decoded-text.ts";
import { mailboxLinesEnd, splitHeader } from "../../src/mail/header.ts";
import { readQuarantineHead } from "../../src/mail/quarantine-head.ts";
import { readClient, readPath } from "../../src/milter/client.ts";
import { createMacros } from "../../src/milter/macros.ts";
import { negotiate } from "../../src/milter/negotiate.ts";
import { type Packet, PacketReader, strings } from "../../src/milter/packet.ts";
import { readFrame } from "../../src/mime/archive-frame.ts";
import { readBoundary } from "../../src/mime/boundary.ts";
import { typeOfContent } from "../../src/mime/content-types.ts";
import { addNamesIn } from "../../src/mime/names.ts";
import { readTnef } from "../../src/mime/tnef.ts";
import { readZip } from "../../src/mime/zip.ts";
import { readKeyTable } from "../../src/signing/key-table.ts";
import { readPrivateKey } from "../../src/signing/private-key.ts";
import { parseCommand, parsePathArgument, splitBlanks } from "../../src/smtp/command.ts";
import { judgeMailParameters, judgeRcptParameters } from "../../src/smtp/parameters.ts";
import { readProxyHeader } from "../../src/smtp/proxy-header.ts";
import { ReplyReader } from "../../src/smtp/reply-reader.ts";
import { applyXforward } from "../../src/smtp/xforward.ts";
import { decodeXtext } from "../../src/smtp/xtext.ts";
import { countWork } from "../support/work.ts";

/** Inputs for each target, by default as many as take a moment. */
const runs = Number(process.env["SIGNPOST_FUZZ_RUNS"] ?? 400);
const seed = Number(process.env["SIGNPOST_FUZZ_SEED"] ?? 14);

interface Target {
  readonly name: string;
  /** Words, and single octets, of what it reads; one character per octet. */
  readonly words: readonly string[];
  /** Throws where something must not be. What it returns must be the same each time. */
  read(text: string): unknown;
  /** Characters at most that the parser is given: a shorter limit of its caller. */
  readonly most?: number;
  /** Administrators write it: slow where it is nonsense is no harm. */
  readonly isOurs?: true;
}

const octets = (text: string) => Buffer.from(text, "latin1");
const uint = (value: number, bytes: 1 | 2 | 4, order: "BE" | "LE" = "BE") => {
  const field = Buffer.alloc(bytes);
  if (order === "BE") field.writeUIntBE(value, 0, bytes);
  else field.writeUIntLE(value, 0, bytes);
  return field.toString("latin1");
};
/** What a parser is to say of its caller's text alone may throw these. */
function unless(...expected: readonly (new (...args: never[]) => Error)[]) {
  return (error: unknown): unknown => {
    if (expected.some((each) => error instanceof each)) return String(error);
    throw error;
  };
}
function guarded(read: () => unknown, told: (error: unknown) => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return told(error);
  }
}

const blanks = [" ", "\t", "\r\n", "\r\n ", "\n", "\r", "\0", "\x0b", "\x7f", "\xa0", "\xe9", "\xc3\xbc"];
const addresses = [
  ...["a", "b.c", "@", "<", ">", '"', "\\", "(", ")", ",", ";", ":", ".", "[", "]", "x.example", "[192.0.2.1]"],
  ...["=?utf-8?q?", "?=", "xn--", "..", "\xe3\x80\x82"],
];
const tags = [
  ...[
    "v=1",
    "v=DKIM1",
    "a=rsa-sha256",
    "b=AAAA",
    "bh=",
    "c=relaxed/simple",
    "d=x.example",
    "h=from:to",
    "i=@x.example",
  ],
  ...[
    "l=0",
    "q=dns/txt",
    "s=s",
    "t=1",
    "x=2",
    "k=rsa",
    "k=ed25519",
    "p=AAAA",
    "g=*",
    "n=",
    "t=y:s",
    "=",
    ";",
    ":",
    "*",
    "9",
  ],
];

/** What a milter makes of a stream, whatever it was split into; undefined where it is none. */
function packetsOf(pieces: readonly Buffer[]): unknown {
  const told: unknown[] = [];
  const reader = new PacketReader();
  let begun = Buffer.alloc(0);
  const take = ({ command, data: piece, more }: Packet) => {
    const data = Buffer.concat([begun, piece]);
    begun = more ? data : Buffer.alloc(0);
    if (more) return true;
    const parts = strings(data);
    const macros = createMacros();
    macros.define(command, data.toString("latin1"));
    told.push([command, parts, readClient(data), readPath(parts), negotiate(data) !== undefined, macros.get("i")]);
    return true;
  };
  return pieces.every((piece) => reader.feed(piece, take).valid) ? told : undefined;
}

const targets: readonly Target[] = [
  {
    name: "commands of SMTP",
    words: [
      "MAIL FROM:",
      "RCPT TO:",
      "EHLO ",
      "XFORWARD ",
      "BDAT 1 LAST",
      "<",
      ">",
      "SIZE=1",
      "ORCPT=rfc822;",
      "+41",
      ...addresses,
      ...blanks,
    ],
    read(line) {
      const command = parseCommand(line);
      const path = command && parsePathArgument(command.argument, "FROM");
      const parameters = splitBlanks(line);
      return [command, path, parameters, judgeMailParameters(parameters), judgeRcptParameters(parameters)];
    },
    most: 8192,
  },
  {
    name: "XFORWARD and xtext",
    words: [
      "ADDR=",
      "NAME=",
      "HELO=",
      "PORT=",
      "IDENT=",
      "SOURCE=LOCAL",
      "192.0.2.1",
      "IPv6:",
      "::1",
      "[UNAVAILABLE]",
      "+0D",
      "+C3+BC",
      "+",
      "=",
      "__proto__=",
      ...blanks,
    ],
    read: (text) => [applyXforward({}, text), decodeXtext(text)],
    most: 8192,
  },
  {
    name: "addresses",
    words: [...addresses, "Staff:", ...blanks],
    read: (text) => [parseAddressList(text), splitAddress(text)],
  },
  {
    name: "headers and authors",
    words: [
      "From:",
      "From",
      "From ",
      "from:",
      "Sender:",
      "X: y\r\n",
      "\r\n",
      ":",
      "Date: x\r\n",
      "\xef\xbb\xbf",
      ">From ",
      ...addresses,
      ...blanks,
    ],
    read(text) {
      const header = octets(text);
      const split = splitHeader(header);
      // Every octet is in one field, in order.
      if (split.cut === undefined || split.cut === "no-field-name")
        assert.equal(Buffer.concat(split.fields.map(({ raw }) => raw)).toString("latin1"), text);
      return [readAuthors({ header, ...split }), headerFaults({ header, ...split }), mailboxLinesEnd(header)];
    },
  },
  {
    name: "tag lists and signatures",
    words: [...tags, ...blanks],
    read: (text) => [parseDkimSignature(text), parseDomainKeysSignature(text)],
  },
  { name: "key records", words: [...tags, ...blanks], read: (text) => readKeyRecord([text]) },
  {
    name: "DMARC records",
    words: [
      "v=DMARC1",
      "p=reject",
      "p=none",
      "sp=quarantine",
      "adkim=s",
      "aspf=r",
      "np=",
      "pct=50",
      "t=y",
      "psd=n",
      "rua=mailto:a@b",
      ";",
      "=",
      ...blanks,
    ],
    read: (text) => [parseDmarcRecord("rfc9989", text), parseDmarcRecord("rfc7489", text)],
  },
  {
    name: "Authentication-Results",
    words: [
      "mx.example",
      "Authentication-Results",
      ":",
      ";",
      "dkim=pass",
      "dmarc=fail",
      "i=1",
      "header.from=",
      "reason=",
      "smtp.mailfrom",
      "(",
      ")",
      '"',
      "\\",
      "=",
      "none",
      "/",
      "1",
      "\r\nX: y\r\n",
      ...blanks,
    ],
    read(text) {
      const { remove, replace } = leaveOutClaims(octets(`Authentication-Results:${text}\r\nX: y\r\n`), ["mx.example"]);
      return [parseAuthenticationResults(text), readArcResults(text), remove, replace.length];
    },
  },
  {
    name: "names of parts",
    words: [
      "name=",
      "filename*0*=",
      "filename*1=",
      "filename",
      "boundary=",
      "=?utf-8?b?YQ==?=",
      "=?",
      "?q?",
      "?=",
      "utf-8''",
      "%41",
      "a/b;",
      '"',
      "\\",
      "(",
      ")",
      ";",
      "'",
      ".exe",
      "+AGE-",
      ...blanks,
    ],
    read(text) {
      const names = new Set<string>();
      return [addNamesIn(text, names), [...names], readBoundary(text), decodedText(text, 200)];
    },
    most: 8192,
  },
  {
    name: "archives",
    words: [
      ...[
        "PK\x03\x04",
        "PK\x01\x02",
        "PK\x05\x06",
        "PK\x06\x06",
        "PK\x06\x07",
        uint(0x223e9f78, 4, "LE"),
        "MSCF",
        "Rar!\x1a\x07\0",
        "Rar!\x1a\x07\x01\0",
      ],
      ...[
        "7z\xbc\xaf'\x1c",
        "\x1f\x8b\x08",
        "BZh9",
        "CD001",
        "\x02\x90",
        "\x10\x80",
        "\x0f\x80",
        "\x05\x90",
        "a.exe",
        "/",
      ],
      ...[0, 1, 8, 255].flatMap((value) => [uint(value, 1), uint(value, 2, "LE"), uint(value, 4, "LE")]),
      ...["\xff\xff\xff\xff", "\0".repeat(20)],
    ],
    read(text) {
      const file = octets(text);
      const zip = readZip(file, 50);
      const tnef = readTnef(file, 50);
      const frames = (["7z", "rar", "cab", "iso"] as const).map((kind) =>
        readFrame(kind, octets(`Rar!\x1a\x07\x01\0${text}`)),
      );
      return [zip.members.length, zip.doubts, tnef.files.length, tnef.fault, frames, typeOfContent(file)];
    },
  },
  {
    name: "heads of copies in quarantine",
    words: [
      "Return-Path: <a@b>\n",
      "X-Envelope-From: <",
      "X-Envelope-To: <c@d>,\n ",
      "X-Quarantine-ID: <m>\n",
      'X-Signpost-Copy: {"at":1,"below":',
      "X-Amavis-Alert: x\n",
      "Subject: ",
      "}",
      "\n",
      ">",
      '"',
      ...blanks,
    ],
    read: (text) => readQuarantineHead(text),
  },
  {
    name: "DNS packets",
    words: [
      encodeQuery(1, { name: "a.example", type: "TXT" }, { bufferBytes: 1232 } as never).toString("latin1"),
      ...[
        "\0\x01\x81\x80\0\x01\0\x01\0\0\0\0",
        "\x01a\x07example\0",
        "\xc0\x0c",
        "\xc0\x00",
        "\xc0\xff",
        "\0\x10\0\x01",
        "\0\x05\0\x01",
        "\0\0\0\x3c",
        "\0\x04",
        "\x03abc",
        "\xff",
      ],
      ...blanks,
    ],
    read(text) {
      const response = decodeResponse(octets(text));
      return (
        response && [readAnswer(response, "a.example", "TXT", false), readAnswer(response, "a.example", "A", false)]
      );
    },
    most: 65_535,
  },
  {
    name: "milter packets",
    words: [
      ...[
        "O",
        "C",
        "H",
        "M",
        "R",
        "L",
        "N",
        "B",
        "E",
        "D",
        "Q",
        "\0",
        "mx\0",
        "4",
        "6",
        "L",
        "192.0.2.1\0",
        "<a@b>\0",
        "SIZE=1\0",
        "i\0",
        "{auth_type}\0",
        "From\0",
      ],
      ...[0, 1, 2, 13, 4_000_000, 0xffffffff].map((size) => uint(size, 4)),
      `${uint(13, 4)}O${uint(6, 4)}${uint(0x1ff, 4)}${uint(0x1fffff, 4)}`,
    ],
    read(text) {
      return packetsOf([octets(text)]);
    },
    most: 4096,
  },
  {
    name: "replies of next hops and the PROXY header",
    words: [
      "250 ",
      "250-",
      "451 4.3.0 ",
      "999 ",
      "2",
      "OK",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2",
      "PROXY UNKNOWN",
      "\r\n\r\n\0\r\nQUIT\n",
      "\x21\x11\0\x0c",
      ...blanks,
    ],
    read(text) {
      const reader = new ReplyReader();
      reader.push(text);
      const replies: unknown[] = [];
      for (let reply = reader.next(); reply !== undefined && replies.length < 500; reply = reader.next()) {
        replies.push(reply);
        if (JSON.stringify(reply).includes("garbage")) break;
      }
      return [replies, readProxyHeader(octets(text))];
    },
    most: 4096,
  },
  {
    name: "amavisd.conf",
    isOurs: true,
    words: [
      "$mydomain",
      "@x",
      "%y",
      "$policy_bank{'A'}",
      " = ",
      "{",
      "}",
      "[",
      "]",
      "(",
      ")",
      ";\n",
      ",",
      "=>",
      "qw(",
      "qr'",
      "'",
      '"',
      "\\",
      "1",
      "undef",
      "sub ",
      "if",
      "#",
      "<<E\n",
      "E\n",
      "$",
      "->",
      "new_RE",
      "$$x",
      "=~ ",
      "s///",
      ...blanks,
    ],
    read: (text) =>
      readAmavisdConf("/x/a.conf", { read: () => text, glob: () => [] }, { environment: {}, hostname: "h" }).problems
        .length,
  },
  {
    name: "YAML",
    isOurs: true,
    words: [
      "mydomain: ",
      "policy_bank:\n",
      "  A: ",
      "- ",
      "{",
      "}",
      "[",
      "]",
      "&a ",
      "*a ",
      "<<: ",
      "? ",
      ": ",
      "| \n",
      "> \n",
      "'",
      '"',
      "#",
      "!!js ",
      "%TAG ",
      "---\n",
      "...\n",
      "__proto__: ",
      ...blanks,
    ],
    read: (text) =>
      guarded(() => readYamlSource("/c.yaml", { read: () => text, glob: () => [] }).problems.length, unless()),
  },
  {
    name: "keys files and tables of keys",
    isOurs: true,
    words: ["*@*:", "example.com", ":", "/keys/sel", "%", ",", "#", "\n", "\\", "*", "@", "refile:", "..", ...blanks],
    read: (text) => [
      guarded(() => parseKeysfile(text, "k", () => true), unless(KeysfileError)),
      [...readKeyTable(text)].length,
    ],
  },
  {
    name: "private keys",
    isOurs: true,
    words: [
      "-----BEGIN PRIVATE KEY-----\n",
      "-----END PRIVATE KEY-----\n",
      "-----BEGIN RSA PRIVATE KEY-----\n",
      "-----BEGIN CERTIFICATE-----\n",
      "Proc-Type: 4,ENCRYPTED\n",
      "MC4CAQAwBQYDK2Vw",
      "AAAA",
      "=",
      "\n",
      ...blanks,
    ],
    read: (text) => "key" in readPrivateKey(octets(text)),
    most: 65_536,
  },
];

for (const { name, words, read, most = 20_000, isOurs = false } of targets) {
  const inputs = fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((some) => some.join(""));

  test(`${name}: whatever comes`, () => {
    const untouched = Object.getOwnPropertyNames(Object.prototype);
    fc.assert(
      fc.property(inputs, (text) => {
        assert.deepEqual(read(text), read(text));
      }),
      { numRuns: runs, seed },
    );
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), untouched);
  });

  if (isOurs) continue;

  test(`${name}: twice as much of anything is twice the work`, () => {
    const pairs = words.filter((_, index) => index % 4 === 0).map((word, index) => word + (words[index * 3 + 1] ?? ""));
    for (const unit of [...words, ...pairs]) {
      const count = Math.floor(Math.min(most, 5000) / unit.length / 2);
      if (count < 2) continue;
      const [small, large] = [count, 2 * count].map((times) => countWork(() => read(unit.repeat(times))));
      // What is done once for each input is in both. Of a length that ends nowhere there is next to nothing to read.
      const few = 30 * 2 * count * unit.length;
      assert.ok(
        (large ?? 0) <= Math.max(few, 2.5 * (small ?? 0) + 500),
        `${JSON.stringify(unit)}: ${large} steps, then ${small}`,
      );
    }
  });
}

test("milter packets are the same however the stream is split", () => {
  const { words } = targets.find(({ name }) => name === "milter packets") ?? { words: [] };
  const inputs = fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((some) => octets(some.join("")));
  fc.assert(
    fc.property(inputs, fc.integer({ min: 1, max: 9 }), (stream, size) => {
      const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
        stream.subarray(i * size, (i + 1) * size),
      );
      assert.deepEqual(packetsOf(pieces), packetsOf([stream]));
    }),
    { numRuns: runs, seed },
  );
});

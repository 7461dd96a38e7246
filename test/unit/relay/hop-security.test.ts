import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { NextHopConnection } from "../../../src/relay/connection.ts";
import { defaultTimeouts, type LocalEnd } from "../../../src/relay/delivery.ts";
import { failureAnswer } from "../../../src/relay/failure-reply.ts";
import { greet } from "../../../src/relay/greeting.ts";
import { tlsOptions } from "../../../src/relay/hop-security.ts";
import { formatReply } from "../../../src/smtp/reply.ts";
import { scriptedHop } from "../../support/scripted-hop.ts";

const login = { user: "filter", password: "secret" };
const mustEncrypt = { level: "encrypt", implicit: false, servername: null } as const;
const challenge = `334 ${Buffer.from("<1@hop>").toString("base64")}`;

interface Case {
  readonly title: string;
  readonly keywords: readonly string[];
  readonly end: Partial<LocalEnd>;
  readonly replies?: Readonly<Record<string, string | null>>;
  /** What mail would get; undefined: it may go. */
  readonly reply?: RegExp;
  readonly said?: readonly string[];
}

const cases: readonly Case[] = [
  {
    title: "without STARTTLS no mail goes where TLS must be",
    keywords: ["PIPELINING"],
    end: { tls: mustEncrypt },
    reply: /^450 4\.7\.4 TLS is required, but was not offered by smtp:\[hop\.example\]:25$/,
    said: ["1 EHLO here.example"],
  },
  {
    title: "a hop that refuses STARTTLS gets none either",
    keywords: ["STARTTLS"],
    end: { tls: mustEncrypt },
    replies: { STARTTLS: "454 4.7.0 TLS not available" },
    reply: /^450 4\.7\.4 .* refused STARTTLS: 454 TLS not available$/,
  },
  {
    title: "where TLS may be, it is done without",
    keywords: ["PIPELINING"],
    end: { tls: { ...mustEncrypt, level: "may" } },
    said: ["1 EHLO here.example"],
  },
  {
    title: "where TLS may be, a refused STARTTLS is overlooked",
    keywords: ["STARTTLS"],
    end: { tls: { ...mustEncrypt, level: "may" } },
    replies: { STARTTLS: "454 4.7.0 TLS not available" },
    said: ["1 EHLO here.example", "1 STARTTLS"],
  },
  {
    title: "a hop that hangs up at STARTTLS",
    keywords: ["STARTTLS"],
    end: { tls: mustEncrypt },
    replies: { STARTTLS: null },
    reply: /^451 4\.5\.0 From MTA\(smtp:\[hop\.example\]:25\) during STARTTLS: connection closed$/,
  },
  {
    title: "words behind the reply to STARTTLS end it: they may be another's",
    keywords: ["STARTTLS"],
    end: { tls: mustEncrypt },
    replies: { STARTTLS: "220 go\r\n250 you are lost" },
    reply: /^451 4\.5\.0 Bad SMTP response code from MTA/,
  },
  {
    title: "half a word behind the reply to STARTTLS does too",
    keywords: ["STARTTLS"],
    end: { tls: mustEncrypt },
    replies: { STARTTLS: "220 go\r\n250-you are" },
    reply: /^451 4\.5\.0 Bad SMTP response code from MTA/,
  },
  {
    title: "no password goes over an open line",
    keywords: ["AUTH PLAIN LOGIN"],
    end: { login },
    reply: /^450 4\.7\.4 .* offers no authentication that keeps a password secret without TLS$/,
    said: ["1 EHLO here.example"],
  },
  {
    title: "a login over an open line by CRAM-MD5",
    keywords: ["AUTH PLAIN CRAM-MD5"],
    end: { login },
    replies: { "AUTH CRAM-MD5": challenge, ZmlsdGVy: "235 2.7.0 welcome" },
  },
  {
    title: "a login that fails is not about the mail",
    keywords: ["AUTH CRAM-MD5"],
    end: { login },
    replies: { "AUTH CRAM-MD5": challenge, ZmlsdGVy: "535 5.7.8 no" },
    reply: /^450 4\.7\.8 .* refused AUTH: 535 no$/,
  },
  {
    title: "a hop that knows no AUTH where we must log in",
    keywords: [],
    end: { login },
    reply: /^450 4\.7\.4 Authentication is required, but was not offered by/,
  },
];

function connect(t: TestContext, { keywords, replies = {} }: Case) {
  const hop = scriptedHop({
    keywords,
    reply: (line) => Object.entries(replies).find(([start]) => line.startsWith(start))?.[1],
  });
  const connection = new NextHopConnection(
    hop.nextHop,
    null,
    () => 0,
    () => {},
    hop.dial,
  );
  t.after(() => connection.drop());
  return { hop, connection };
}

for (const each of cases) {
  test(each.title, async (t) => {
    const { hop, connection } = connect(t, each);
    const end = { localhost_name: "here.example", local_client_bind_address: null, ...each.end };
    const trouble = await greet(connection, end, { timeouts: defaultTimeouts, discarded: new Set() });
    if (each.said !== undefined) assert.deepEqual(hop.lines, each.said);
    if (each.reply === undefined) assert.equal(trouble, undefined);
    else {
      assert.ok(trouble !== undefined);
      assert.match(formatReply(failureAnswer(trouble.failure, trouble.phase, connection.remote).reply), each.reply);
      assert.ok(connection.failure !== undefined, "the connection is of no more use");
    }
  });
}

test("a certificate is looked at where TLS must be and an authority is named", () => {
  const hop = { protocol: "smtp", host: "192.0.2.1", port: 25 } as const;
  const named = { ...mustEncrypt, servername: "mx.example" };
  assert.deepEqual(tlsOptions(hop, named, "CA"), {
    host: "mx.example",
    servername: "mx.example",
    rejectUnauthorized: true,
    ca: "CA",
  });
  assert.equal(tlsOptions(hop, mustEncrypt, "CA").servername, "", "an address is no server name");
  assert.equal(tlsOptions(hop, mustEncrypt, undefined).rejectUnauthorized, false);
  assert.equal(tlsOptions(hop, { ...mustEncrypt, level: "may" }, "CA").rejectUnauthorized, false);
});

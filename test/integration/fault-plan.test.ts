// A mail's whole way with one call failing, for every call that it makes: files, DNS, signing and verifying, scanners, the cache
// that filters share, the next hop. Whatever fails and when, nothing is lost, bounced, unsigned or infected for it.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { transactionOf } from "../../src/cli/message-file.ts";
import { sign } from "../../src/cli/sign.ts";
import { createConfiguredFilter } from "../../src/daemon/configured-filter.ts";
import { createContentParts } from "../../src/daemon/content-parts.ts";
import { createFixedResolver, parseFixedZone } from "../../src/dns/fixed-zone.ts";
import { createLocalEngine } from "../../src/pool/local-engine.ts";
import { type QuarantineFiles, realFiles } from "../../src/quarantine/files.ts";
import { createKeepCopies } from "../../src/quarantine/keep-copies.ts";
import { loadSettings } from "../../src/reading/load-settings.ts";
import type { Outgoing } from "../../src/relay/delivery.ts";
import { createTestKey } from "../support/daemon.ts";
import { type FakeClamd, startFakeClamd } from "../support/fake-clamd.ts";
import { type FakeSpamd, startFakeSpamd } from "../support/fake-spamd.ts";
import { after, before, test } from "../support/limited.ts";
import { createLocalAuthenticator } from "../support/local-authenticator.ts";
import { filesBelow, memoryIndex } from "../support/quarantine.ts";
import { folderFor, run } from "../unit/cli/run.ts";

const key = createTestKey("ed25519");
let clamd: FakeClamd;
let spamd: FakeSpamd;

before(async () => {
  clamd = await startFakeClamd();
  clamd.script = ({ octets }) => (octets.includes("EICAR") ? "stream: Eicar FOUND" : undefined);
  spamd = await startFakeSpamd();
});

after(async () => {
  await clamd.close();
  await spamd.close();
});

/** The n-th of all calls fails (from 1): instead of what it does, or after it. */
interface Plan {
  readonly n: number;
  readonly when: "instead" | "after";
  readonly calls: string[];
}

function planned({ n, when, calls }: Plan) {
  return function call<T>(name: string, work: () => T): T {
    calls.push(name);
    const fails = calls.length === n;
    const fail = (): never => {
      throw Object.assign(new Error(`EIO: planned, ${name}`), { code: "EIO" });
    };
    if (!fails) return work();
    if (when === "instead" && name !== "close")
      return name.endsWith("Sync") ? fail() : (Promise.reject(new Error(`planned, ${name}`)) as T);
    const result = work();
    // What nobody gets to hold is closed, or Node does so with noise.
    if (name === "create" && result instanceof Promise) return result.then((file) => file.close().then(fail)) as T;
    return result instanceof Promise ? (result.then(fail) as T) : fail();
  };
}

interface Scene {
  readonly name: string;
  readonly port: number;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly data: string;
  /** What a mail that was answered 250 has left behind. */
  wasTaken(left: Left): void;
  /** What must be so whatever the reply. */
  always?(left: Left): void;
}

interface Left {
  readonly sent: readonly { readonly recipients: readonly string[]; readonly text: string }[];
  /** Copies in quarantine. */
  readonly copies: readonly string[];
  readonly data: string;
}

const header = "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n";
const own = `From: alice@example.com\r\nTo: bob@elsewhere.test\r\nSubject: hi\r\n${header}\r\nhello\r\n`;
const infected =
  `From: joe@elsewhere.test\r\nTo: sue@example.com\r\nSubject: hi\r\nMIME-Version: 1.0\r\n` +
  `Content-Type: multipart/mixed; boundary=b\r\n${header}\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nEICAR\r\n--b--\r\n`;

const toThem = ({ sent }: Left, recipients: readonly string[]) =>
  sent.filter((each) => each.recipients.some((recipient) => recipients.includes(recipient)));

function scenes(signed: string): readonly Scene[] {
  const outside = ["bob@elsewhere.test", "eve@elsewhere.test"];
  return [
    {
      name: "our own mail is signed or not sent",
      port: 10026,
      sender: "alice@example.com",
      recipients: outside,
      data: own,
      wasTaken(left) {
        assert.deepEqual(
          toThem(left, outside)
            .flatMap(({ recipients }) => recipients)
            .toSorted(),
          outside,
        );
      },
      always(left) {
        for (const { text } of toThem(left, outside)) assert.match(text, /^DKIM-Signature: .*d=example\.com/m);
      },
    },
    {
      name: "mail from outside arrives once, its body as it came",
      port: 10024,
      sender: "joe@elsewhere.test",
      recipients: ["sue@example.com"],
      data: signed,
      wasTaken(left) {
        const [one, another] = toThem(left, ["sue@example.com"]);
        assert.ok(one !== undefined && another === undefined);
        assert.ok(one.text.endsWith(signed.slice(signed.indexOf("\r\n\r\n"))));
        assert.match(one.text, /^Authentication-Results: mail\.example\.com;/m);
      },
    },
    {
      name: "an infected mail never passes, and is kept",
      port: 10024,
      sender: "joe@elsewhere.test",
      recipients: ["sue@example.com"],
      data: infected,
      wasTaken({ copies }) {
        assert.equal(copies.filter((text) => text.includes("EICAR")).length, 1);
      },
      always(left) {
        assert.deepEqual(toThem(left, ["sue@example.com"]), []);
      },
    },
  ];
}

async function setUp(t: TestContext) {
  const folder = folderFor(t);
  const file = join(folder, "c.yaml");
  writeFileSync(
    file,
    `myhostname: mail.example.com
local_domains_maps: [[.example.com]]
enable_dkim_verification: true
enable_spf_verification: true
enable_dmarc_verification: true
enable_arc_verification: true
enable_dkim_signing: true
dkim_keys: [{ domain: example.com, selector: s, key: ${JSON.stringify(key.pem)} }]
inet_socket_port: [10024, 10026]
interface_policy: { "10026": ORIGINATING }
policy_bank: { ORIGINATING: { originating: true } }
forward_method: "smtp:[127.0.0.1]:10025"
notify_method: "smtp:[127.0.0.1]:10027"
av_scanners: [{ name: ClamAV, type: clamd, address: "${clamd.address}" }]
spam_scanners: [{ name: SpamAssassin, type: spamd, address: "${spamd.address}" }]
banned_filename_re: { regexp: [['\\.exe$', true]] }
final_virus_destiny: D_DISCARD
virus_quarantine_to_maps: [virus-quarantine]
virus_quarantine_method: "local:virus-%m"
virus_admin_maps: [postmaster@example.com]
mailfrom_notify_admin: postmaster@example.com
enable_global_cache: true
QUARANTINEDIR: ${join(folder, "quarantine")}
`,
  );
  const { settings, problems } = await loadSettings(file, folder, "self");
  assert.deepEqual(
    problems.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.ok(settings !== undefined);
  const { config } = settings;
  const input = settings;
  writeFileSync(
    join(folder, "partner.yaml"),
    `originating: true\nenable_dkim_signing: true\nallowed_added_header_fields: { received: false }\ndkim_keys: [{ domain: elsewhere.test, selector: s, key: ${JSON.stringify(key.pem)} }]\n`,
  );
  writeFileSync(
    join(folder, "p.eml"),
    `From: joe@elsewhere.test\r\nTo: sue@example.com\r\nSubject: hi\r\n${header}\r\n..dots\r\nhello\r\n`,
  );
  const signed = await run(
    sign,
    ["--config", "partner.yaml", "--now", `${Math.floor(Date.now() / 1000)}`, "p.eml"],
    folder,
  );
  assert.equal(signed.stderr, "");

  let round = 0;
  /** One mail with a plan; gives the reply and what is left of it. */
  async function mail(scene: Scene, plan: Plan) {
    const call = planned(plan);
    round += 1;
    const kept = join(folder, `quarantine-${round}`);
    mkdirSync(kept);
    const zone = createFixedResolver(
      parseFixedZone({
        "s._domainkey.elsewhere.test": { TXT: [key.record] },
        "elsewhere.test": { TXT: ["v=spf1 a:mx.elsewhere.test -all"] },
        "mx.elsewhere.test": { A: ["192.0.2.9"] },
        "_dmarc.elsewhere.test": { TXT: ["v=DMARC1; p=reject"] },
      }),
    );
    const resolve: typeof zone = (name, type, ...more) => call(`dns ${type} ${name}`, () => zone(name, type, ...more));
    const engine = createLocalEngine();
    const authenticator = createLocalAuthenticator(resolve);
    const parts = createContentParts(config, {
      observer: { scanned() {}, verdictAsked() {}, mailDone() {}, workerEnded() {} } as never,
      shared: {
        get: () => call("redis get", () => Promise.resolve(undefined)),
        set: () => call("redis setSync", () => undefined),
      },
      tell() {},
    });
    const files: QuarantineFiles = {
      create: (path) =>
        call("create", async () => {
          const file = await realFiles.create(path);
          return {
            write: (octets: Uint8Array) => call("write", () => file.write(octets)),
            sync: () => call("sync", () => file.sync()),
            close: () => call("close", () => file.close()),
          };
        }),
      makeFolder: (path) => call("makeFolder", () => realFiles.makeFolder(path)),
      giveName: (from, to) => call("giveName", () => realFiles.giveName(from, to)),
      unlink: realFiles.unlink,
      syncFolder: (path) => call("syncFolder", () => realFiles.syncFolder(path)),
      sizeOf: (path) => call("sizeOf", () => realFiles.sizeOf(path)),
    };
    const index = memoryIndex();
    const sent: { recipients: readonly string[]; text: string }[] = [];
    const relay = (outgoing: readonly Outgoing[]) =>
      call(`relay to ${outgoing[0]?.envelope.recipients[0]?.address}`, async () =>
        outgoing.map(({ envelope, message }) => {
          const { header: top, separator, body } = message;
          const chunks = body.kind === "memory" ? body.chunks : [];
          const text = Buffer.concat([top, Buffer.from(separator), ...chunks]).toString("latin1");
          sent.push({ recipients: envelope.recipients.map(({ address }) => address), text });
          const ok = { code: 250, enhanced: "2.0.0", text: "Ok" };
          return {
            replies: envelope.recipients.map(() => ok),
            fromNextHop: envelope.recipients.map(() => true),
            remote: "smtp:[127.0.0.1]:10025",
            reusedConnection: false,
          };
        }),
      );
    const filter = createConfiguredFilter(input, {
      engine: {
        verify: (job) => call("verify", () => engine.verify(job)),
        sign: (job) => call("sign", () => engine.sign(job)),
      },
      digestBody: (body, specs) => call("digestBody", () => engine.digestBody(body, specs)),
      authenticator: {
        spf: (...job) => call("spf", () => authenticator.spf(...job)),
        arc: (...job) => call("arc", () => authenticator.arc(...job)),
        seal: (job) => call("seal", () => authenticator.seal(job)),
      },
      resolve,
      relay,
      content: {
        lookIntoParts: (...of) => call("parts", () => parts.lookIntoParts(...of)),
        makeSurvive: (message, body) => parts.makeSurvive(message, body),
        scanViruses: (message, ask) => call("clamd", () => parts.scanViruses(message, ask)),
        scoreSpam: (message, ask) => call("spamd", () => parts.scoreSpam(message, ask)),
      },
      quarantine: {
        keepCopies: (of, copies) =>
          createKeepCopies({
            files,
            index: { add: index.add, sameMail: (...about) => call("index", () => index.sameMail(...about)) },
            repeatWindowMs: 0,
          })(
            of,
            copies.map((copy) => ("folder" in copy.place ? { ...copy, place: { ...copy.place, folder: kept } } : copy)),
          ),
        index: index as never,
        files,
        passTokens: undefined,
        room: undefined,
        minFreeBytes: 0,
        tell() {},
        open: async () => {},
        close: async () => {},
      },
    });
    const transaction = transactionOf(Buffer.from(scene.data, "latin1"), {
      listener: { address: "127.0.0.1", port: scene.port },
      envelope: {
        sender: { address: scene.sender, parameters: "" },
        recipients: scene.recipients.map((address) => ({ address, parameters: "" })),
      },
      client: { address: "192.0.2.9", helo: "mx.elsewhere.test" },
      receivedAtMs: Date.now(),
    });
    const { session, envelope, message } = transaction;
    const outcome = await filter.begin(session, envelope, message).finish(transaction);
    await parts.close();
    const left: Left = { sent, copies: [...filesBelow(kept).values()], data: scene.data };
    return { reply: outcome.reply, left };
  }
  return { mail, scenes: scenes(signed.stdout) };
}

/** More calls than any of these mails makes. */
const maxCalls = 100;

for (const when of ["instead", "after"] as const) {
  test(`every call of a mail's way fails in turn, ${when === "after" ? "after" : "instead of"} what it does`, async (t) => {
    const { mail, scenes: all } = await setUp(t);
    for (const scene of all) {
      const seen: string[] = [];
      const sound = await mail(scene, { n: 0, when, calls: seen });
      assert.equal(sound.reply.code, 250, `${scene.name}: ${sound.reply.text}`);
      scene.wasTaken(sound.left);
      assert.ok(seen.length > 3 && seen.length < maxCalls, seen.join());
      for (let n = 1; ; n += 1) {
        const calls: string[] = [];
        const { reply, left } = await mail(scene, { n, when, calls });
        if (calls.length < n) break;
        const about = `${scene.name}: call ${n} fails, ${calls[n - 1]}: ${reply.code} ${reply.text}`;
        assert.ok(reply.code === 250 || (reply.code >= 400 && reply.code < 500), about);
        const check = (holds: () => void) => {
          try {
            holds();
          } catch (error) {
            throw new Error(about, { cause: error });
          }
        };
        check(() => scene.always?.(left));
        if (reply.code === 250) check(() => scene.wasTaken(left));
        // What was put off comes again: it has gone nowhere, unless the next hop's own word was lost.
        else if (!calls[n - 1]?.startsWith("relay")) assert.deepEqual(toThem(left, scene.recipients), [], about);
        assert.ok(n < maxCalls);
      }
    }
  });
}

// Before listening the pool proves itself: every worker signs and verifies a built-in message. A broken worker stops
// the start, for a pool that never answers would defer all mail.
import { generateKeyPairSync } from "node:crypto";
import type { DkimEngine } from "../dkim/engine.ts";
import { defaultVerifyPolicy } from "../dkim/engine.ts";
import { errorText } from "../mail/error-text.ts";
import { concatShared } from "../mail/shared-octets.ts";
import { JobOverdue } from "./worker-pool.ts";

const header = "From: postmaster@self-test.example\r\nSubject: self-test\r\n";
const body = "What is signed is what is verified.\r\n";
/** Epoch seconds; any will do. */
const now = 1_700_000_000;

/**
 * Rejects with the reason when a worker does not start, answer in time or compute what it should. On a busy machine a worker
 * may take longer to start than a job may take: what came too late is tried again until `timeoutMs` are over.
 */
export async function selfTest(
  engine: Pick<DkimEngine, "sign" | "verify">,
  rounds: number,
  timeoutMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([late, Promise.all(Array.from({ length: rounds }, round))]);
  } catch (error) {
    throw new Error(`worker threads: ${errorText(error)}`, { cause: error });
  } finally {
    isOver = true;
    clearTimeout(timer);
  }

  async function round(): Promise<void> {
    for (;;) {
      try {
        return await signAndVerify(engine);
      } catch (error) {
        if (isOver || !(error instanceof JobOverdue)) throw error;
      }
    }
  }
}

async function signAndVerify(engine: Pick<DkimEngine, "sign" | "verify">): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const chunks = [shared(body)];
  const [field] = await engine.sign({
    header: shared(header),
    body: { chunks },
    requests: [
      {
        domain: "self-test.example",
        selector: "s",
        algorithm: "ed25519-sha256",
        headerCanonicalization: "relaxed",
        bodyCanonicalization: "relaxed",
        identity: "",
        signedAt: now,
        expiresAt: undefined,
        signedFields: { from: 2, subject: 1 },
        privateKey,
      },
    ],
  });
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
  const record = [`v=DKIM1; k=ed25519; p=${raw}`];
  const [verification] = await engine.verify({
    header: shared((field ?? "") + header),
    body: { chunks },
    keys: [["s._domainkey.self-test.example", { status: "found", records: [record], ttlSeconds: 0, secure: false }]],
    now,
    policy: defaultVerifyPolicy,
  });
  if (verification?.result !== "pass") {
    throw new Error(`a worker's signature does not verify (${verification?.reason ?? "no signature"})`);
  }
}

function shared(text: string): Uint8Array {
  return concatShared([Buffer.from(text, "latin1")]);
}

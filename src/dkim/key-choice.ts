// From a DNS answer to the keys that may have made a signature (RFC 6376 sections 3.6.2.2 and 6.1.2).
import type { Answer } from "../rr/answer.ts";
import type { Failure } from "./failure.ts";
import { type KeyCache, type KeyRecord, readKeyRecord } from "./key-record.ts";

const maxRecords = 5;
/** The RFC leaves several records undefined; two let a domain change its key in place. */
const maxKeysTried = 2;

/** The usable keys of an answer, or why there is none. */
export function chooseKeys(answer: Answer<"TXT">, cache?: KeyCache): readonly KeyRecord[] | Failure {
  if (answer.status === "trouble") return "key-lookup-failed";
  if (answer.status !== "found" || answer.records.length === 0) return "no-key";
  if (answer.records.length > maxRecords) return "too-many-key-records";
  const keys: KeyRecord[] = [];
  let failure: Failure | undefined;
  for (const record of answer.records) {
    const key = readKeyRecord(record, cache);
    if ("failure" in key) failure ??= key.failure;
    else if (keys.length < maxKeysTried) keys.push(key);
  }
  return keys.length > 0 ? keys : (failure ?? "no-key");
}

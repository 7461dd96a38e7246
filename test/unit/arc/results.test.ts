import assert from "node:assert/strict";
import { test } from "node:test";
import { readArcResults } from "../../../src/arc/results.ts";

const cases: Readonly<Record<string, readonly [body: string, readable: boolean, dmarc?: string]>> = {
  "a plain pass": [
    " i=1; mx.example; spf=pass smtp.mailfrom=a@x.example; dmarc=pass header.from=x.example",
    true,
    "pass",
  ],
  "a plain failure": [" i=1; mx.example; dmarc=fail (p=reject) header.from=x.example", true, "fail"],
  "nothing of DMARC": [" i=1; mx.example; spf=none", true],
  "no results": [" i=1; mx.example; none", true],
  "a version after the id": [
    " i=1; mx.microsoft.com 1; spf=pass smtp.mailfrom=x.example; dmarc=pass action=none header.from=x.example",
    true,
    "pass",
  ],
  "comments, folds and capitals": ["\r\n\ti (a;b) = 1 ;\r\n mx.example;\r\n DMARC (x) = (y) Fail", true, "fail"],
  "a second result that failed": [
    " i=1; mx.example; dmarc=pass header.from=a.example; dmarc=fail header.from=b.example",
    true,
    "fail",
  ],
  "a failure within quotes": [
    ' i=1; mx.example; spf=pass smtp.helo="a; dmarc=fail header.from=x.example; b"',
    true,
    "fail",
  ],
  "a failure within a comment": [" i=1; mx.example; spf=pass (a; dmarc = fail header.from=x.example; b)", true, "fail"],
  "a pass in the HELO, then a failure": [
    " i=1; mx.example; spf=none smtp.helo=a; dmarc=pass; dmarc=fail",
    true,
    "fail",
  ],
  "an empty value": [" i=1; mx.example;\r\n spf=pass smtp.mailfrom=;\r\n dmarc=none", false],
  "an empty value before a failure": [" i=1; mx.example; spf=pass smtp.mailfrom=; dmarc=fail", false, "fail"],
  "a semicolon in a value": [" i=1; mx.example; spf=pass smtp.helo=a;b; dmarc=pass", false],
  "an open quote": [' i=1; mx.example; spf=pass smtp.helo="a; dmarc=pass', false],
  "an open comment": [" i=1; mx.example; spf=pass smtp.helo=(a; dmarc=fail", false, "fail"],
  "no instance": [" mx.example; dmarc=pass", false],
  "something before the instance": [" x i=1; mx.example; dmarc=pass", false],
  "a semicolon in a comment before": [" (; mx.example) i=1; mx.example; dmarc=pass", true, "pass"],
  "no id": [" i=1; dmarc=pass", false],
  "no semicolon": [" i=1", false],
  nothing: ["", false],
};

for (const [title, [body, isReadable, dmarc]] of Object.entries(cases)) {
  test(`results of an ARC set: ${title}`, () => {
    assert.deepEqual(readArcResults(body), { isReadable, ...(dmarc === undefined ? {} : { dmarc }) });
  });
}

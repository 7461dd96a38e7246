import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeMailParameters, judgeRcptParameters } from "../../../src/smtp/parameters.ts";

/** What is kept, or the code of the reply. */
const mail: readonly [string[], { parameters: string; declaredBytes?: number } | number][] = [
  [[], { parameters: "" }],
  [["SIZE=1000"], { parameters: "", declaredBytes: 1000 }],
  [["ret=hdrs", "Size=5", "ENVID=QQ+2B1"], { parameters: "ret=hdrs ENVID=QQ+2B1", declaredBytes: 5 }],
  [["BODY=8bitmime", "SMTPUTF8", "AUTH=<>"], { parameters: "BODY=8bitmime SMTPUTF8 AUTH=<>" }],
  [["SIZE"], 501],
  [["SIZE=-1"], 501],
  [["SIZE=123456789012345678901"], 501],
  [["SMTPUTF8=yes"], 501],
  [["BODY=BINARYMIME"], 501],
  [["BODY"], 501],
  [["RET="], 501],
  [["ENVID=a+0Ab", "AUTH=a+00b"], { parameters: "ENVID=a+0Ab AUTH=a+00b" }],
  [["ENVID=", "AUTH="], { parameters: "ENVID= AUTH=" }],
  [["ENVID=a+zz"], { parameters: "ENVID=a+zz" }],
  [["ENVID"], 501],
  [["AUTH"], 501],
  [["SIZE=1", "size=1"], 501],
  [["NOTIFY=NEVER"], 504],
  [["=x"], 504],
  [["__proto__=x"], 504],
];

for (const [parameters, wanted] of mail) {
  test(`judges MAIL with "${parameters.join(" ")}"`, () => {
    const judged = judgeMailParameters(parameters);
    assert.deepEqual("code" in judged ? judged.code : judged, wanted);
  });
}

const rcpt: readonly [string[], string | number][] = [
  [["NOTIFY=SUCCESS,failure,Delay", "ORCPT=rfc822;a+2Bb@c"], "NOTIFY=SUCCESS,failure,Delay ORCPT=rfc822;a+2Bb@c"],
  [["NOTIFY=NEVER"], "NOTIFY=NEVER"],
  [["ORCPT=utf-8;\u00fc@c"], "ORCPT=utf-8;\u00fc@c"],
  [["NOTIFY=NEVER,DELAY"], 501],
  [["NOTIFY="], 501],
  [["ORCPT=a@b"], 501],
  [["ORCPT="], 501],
  [["ORCPT"], 501],
  [["ORCPT=;a@b"], 501],
  ...[
    "ORCPT=rfc822;",
    "ORCPT=utf-8;",
    "ORCPT=rfc822;a+01b@c",
    "ORCPT=rfc822;a+0D+0Ab",
    "ORCPT=rfc822;a+00b",
    "ORCPT=rfc822;a+7F",
    "ORCPT=rfc822;a+",
    "ORCPT=x_y;a",
    "ORCPT=x.y;a",
    "ORCPT=x!y;a",
    "ORCPT=x+2By;a",
    "ORCPT=x\x01y;a",
    "ORCPT=utf-8;\\x{1}",
  ].map((each): [string[], string] => [[each], each]),
  [["RET=FULL"], 555],
  [["toString"], 555],
];

for (const [parameters, wanted] of rcpt) {
  test(`judges RCPT with "${parameters.join(" ")}"`, () => {
    const judged = judgeRcptParameters(parameters);
    assert.deepEqual("code" in judged ? judged.code : judged.parameters, wanted);
  });
}

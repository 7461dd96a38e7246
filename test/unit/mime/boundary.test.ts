import assert from "node:assert/strict";
import { test } from "node:test";
import { readBoundary } from "../../../src/mime/boundary.ts";

const agreed: readonly [string, string][] = [
  ["multipart/mixed; boundary=b1", "b1"],
  ['multipart/mixed; boundary="b1"', "b1"],
  ['multipart/mixed;\n\tboundary="----=_Part:1/2?3"', "----=_Part:1/2?3"],
  ["multipart/mixed; boundary=----=_Part_1@x; type=text/html", "----=_Part_1@x"],
  ['multipart/signed; protocol="a/b"; BOUNDARY="b 1"; micalg=sha1', "b 1"],
  [`multipart/mixed; boundary=${"x".repeat(998)}`, "x".repeat(998)],
];

for (const [value, boundary] of agreed) {
  test(`all readers agree on ${JSON.stringify(value.slice(0, 80))}`, () => {
    assert.deepEqual(readBoundary(value), { readings: [boundary] });
  });
}

const doubtful: readonly [string, readonly string[]][] = [
  ["multipart/mixed", []],
  ["multipart/mixed; boundary=", []],
  ['multipart/mixed; boundary=""', []],
  [`multipart/mixed; boundary=${"x".repeat(999)}`, []],
  ["multipart/mixed; boundary=a; boundary=b", ["a", "b"]],
  ["multipart/mixed; boundary=a; boundary=a", ["a"]],
  ["multipart/mixed boundary=a", ["a"]],
  ["multipart/mixed; boundary =a", ["a"]],
  ["multipart/mixed; boundary= a", ["a"]],
  ["multipart/mixed; boundary=(x)a", ["(x)a", "a"]],
  ["multipart/mixed; (x) boundary=a (y)", ["a", "a (y)"]],
  ["multipart/mixed; boundary*=us-ascii''a%62", ["us-ascii''a%62", "ab"]],
  ["multipart/mixed; boundary=a; boundary*=us-ascii''b", ["a", "us-ascii''b", "b"]],
  ["multipart/mixed; boundary*0=a; boundary*1=b", ["ab"]],
  ['multipart/mixed; boundary="a', ["a"]],
  ['multipart/mixed; boundary="a"b', ["a", "ab"]],
  ['multipart/mixed; boundary="a\\b"', ["ab", "a\\b"]],
  ['multipart/mixed; boundary="a "', ["a"]],
  ['multipart/mixed; boundary="a\n b"', ["a b"]],
  ['multipart/mixed; boundary="=?us-ascii?q?ab?="', ["=?us-ascii?q?ab?=", "ab"]],
  ['multipart/mixed; boundary="a\0"', ["a\0"]],
  ['multipart/mixed; boundary="a\xe4"', ["a\xe4"]],
  ['multipart/mixed; boundary="a--"', ["a--"]],
  ['multipart/mixed; name="boundary=x"; boundary=a', ["x", 'x"', "a"]],
];

for (const [value, readings] of doubtful) {
  test(`readers differ over ${JSON.stringify(value.slice(0, 80))}`, () => {
    const found = readBoundary(value);
    assert.notEqual(found.doubt, undefined);
    for (const reading of readings) assert.ok(found.readings.includes(reading), JSON.stringify(found.readings));
    if (readings.length === 0) assert.deepEqual(found.readings, []);
  });
}

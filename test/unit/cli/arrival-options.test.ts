import assert from "node:assert/strict";
import { test } from "node:test";
import { namedRecipients, noteClosedPort, readArrival } from "../../../src/cli/arrival-options.ts";
import { UsageError } from "../../../src/cli/command.ts";
import { splitHeader } from "../../../src/mail/header.ts";

test("what is not said is undefined, what is said is read", () => {
  const nothing = readArrival({});
  assert.ok(Object.values(nothing).every((value) => value === undefined));
  const said = readArrival({ now: "12", client: "192.0.2.1", "rcpt-to": ["jürgen@x.example"], port: "10026" });
  assert.deepEqual(
    [said.receivedAtMs, said.client, said.rcptTo, said.port],
    [12_000, { address: "192.0.2.1" }, [{ address: "j\xc3\xbcrgen@x.example", parameters: "" }], 10026],
  );
  for (const client of ["[UNAVAILABLE]", "unavailable"])
    assert.deepEqual(readArrival({ client }).client, { standing: "unavailable" });
});

for (const wrong of [{ now: "soon" }, { port: "smtp" }, { client: "localhost" }, { client: "" }]) {
  test(`${JSON.stringify(wrong)} is refused`, () => assert.throws(() => readArrival(wrong), UsageError));
}

const headers: readonly (readonly [header: string, recipients: readonly string[]])[] = [
  [
    'To: a@x.example, "B, b" <b@x.example>\r\nCc: A@x.example\r\nBcc: c@y.example\r\n',
    ["a@x.example", "b@x.example", "A@x.example", "c@y.example"],
  ],
  ["To: undisclosed-recipients:;\r\n", []],
  ["To: root\r\nFrom: a@b.example\r\n", []],
  ["To: a@x.example\r\nTo: a@x.example\r\n", ["a@x.example"]],
  [
    `To: ${Array.from({ length: 80 }, (_, i) => `r${i}@x.example`).join(", ")}\r\n`,
    Array.from({ length: 50 }, (_, i) => `r${i}@x.example`),
  ],
];

for (const [header, recipients] of headers) {
  test(`recipients of ${JSON.stringify(header.slice(0, 40))}`, () =>
    assert.deepEqual(namedRecipients(splitHeader(Buffer.from(header))), recipients));
}

for (const [port, said] of [
  ["10026", ""],
  ["99", "signpost check: nothing listens on port 99 (inet_socket_port: 10024, 10026); no bank is loaded by it\n"],
  [undefined, ""],
] as const) {
  test(`--port ${port ?? "not given"}: ${said === "" ? "nothing is said" : "it is said that nothing listens there"}`, () => {
    let stderr = "";
    const io = {
      stderr: (text: string) => {
        stderr += text;
      },
    };
    noteClosedPort(readArrival(port === undefined ? {} : { port }), { inet_socket_port: [10024, 10026] }, io, "check");
    assert.equal(stderr, said);
  });
}

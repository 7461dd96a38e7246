import assert from "node:assert/strict";
import { test } from "node:test";
import { createSaslClient, createSaslServer, pickMechanism, saslMechanisms } from "../../../src/smtp/sasl.ts";

const wanted = { user: "filter", password: "s3cret \u00e4" };
const nonce = "<1896.697170952@mail.example.com>";

for (const mechanism of saslMechanisms) {
  for (const [what, credentials, state] of [
    ["what is right", wanted, "passed"],
    ["another password", { ...wanted, password: "x" }, "failed"],
    ["another user", { ...wanted, user: "x" }, "failed"],
    ["nothing", { user: "", password: "" }, "failed"],
  ] as const) {
    test(`${mechanism}: our client and our server agree on ${what}`, () => {
      const server = createSaslServer(mechanism, wanted, nonce);
      const client = createSaslClient(mechanism, credentials);
      let answer = server(client.initial);
      for (let round = 0; answer.state === "challenge" && round < 5; round += 1) {
        answer = server(client.respond(answer.text) ?? "*");
      }
      assert.equal(answer.state, state);
    });
  }
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

for (const [mechanism, responses, states] of [
  ["PLAIN", [undefined, base64("\0filter\0s3cret \u00e4")], ["challenge", "passed"]],
  ["PLAIN", [base64("filter\0filter\0s3cret \u00e4")], ["passed"]],
  ["PLAIN", [base64("root\0filter\0s3cret \u00e4")], ["failed"]],
  ["PLAIN", [base64("filter\0x")], ["malformed"]],
  ["PLAIN", [base64("a\0b\0c\0d")], ["malformed"]],
  ["PLAIN", ["%%%%"], ["malformed"]],
  ["PLAIN", ["="], ["malformed"]],
  ["LOGIN", [base64("filter"), base64("s3cret \u00e4")], ["challenge", "passed"]],
  ["LOGIN", [undefined, "a"], ["challenge", "malformed"]],
  ["CRAM-MD5", [undefined, base64("filter")], ["challenge", "malformed"]],
] as const) {
  test(`${mechanism}: ${responses.join(", ")} gives ${states.join(", ")}`, () => {
    const server = createSaslServer(mechanism, wanted, nonce);
    assert.deepEqual(
      responses.map((response) => server(response).state),
      states,
    );
  });
}

test("CRAM-MD5 as RFC 2195 shows it", () => {
  const client = createSaslClient("CRAM-MD5", { user: "tim", password: "tanstaaftanstaaf" });
  const challenge = base64("<1896.697170952@postoffice.reston.mci.net>");
  assert.equal(client.respond(challenge), base64("tim b913a602c7eda7a495b4e6e7334d3890"));
});

test("a password goes over an open line in no mechanism that shows it", () => {
  assert.equal(pickMechanism(new Set(["PLAIN", "LOGIN"]), "open"), undefined);
  assert.equal(pickMechanism(new Set(["PLAIN", "CRAM-MD5"]), "open"), "CRAM-MD5");
  assert.equal(pickMechanism(new Set(["LOGIN", "PLAIN"]), "private"), "PLAIN");
  assert.equal(pickMechanism(new Set(["GSSAPI"]), "private"), undefined);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { authservIds } from "../../../src/policy/authserv-ids.ts";

test("the names of all banks are ours, each once", () => {
  const banks = new Map([
    ["OTHER", { myhostname: "other.example.com" }],
    ["THIRD", { myauthservid: "id.example.com", myhostname: "mail.example.com" }],
    ["NONE", { myauthservid: null, originating: true }],
  ]);
  const base = { myhostname: "mail.example.com", myauthservid: null };
  assert.deepEqual(authservIds({ base, policy_bank: banks }), [
    "mail.example.com",
    "other.example.com",
    "id.example.com",
  ]);
});

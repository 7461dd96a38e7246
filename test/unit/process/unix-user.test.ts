import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseUser, type UserSystem } from "../../../src/process/unix-user.ts";

const passwd =
  "root:x:0:0:root:/root:/bin/sh\nsignpost:x:201:202::/var/lib/signpost:/usr/sbin/nologin\n777:x:203:204::/:/x\n";
const group = "root:x:0:\nsignpost:x:202:\nmail:x:8:signpost,other\npostfix:x:110:other\n";

function as(uid: number): UserSystem {
  return { uid: () => uid, passwd: () => passwd, group: () => group };
}

const choose = (daemon_user: string | null, daemon_group: string | null, uid: number) =>
  chooseUser({ daemon_user, daemon_group }, as(uid));

test("root becomes the user, in its own group and those that list it", () => {
  assert.deepEqual(choose("signpost", null, 0), { user: { uid: 201, gid: 202, groups: [202, 8] } });
  assert.deepEqual(choose("signpost", "postfix", 0), { user: { uid: 201, gid: 110, groups: [110, 8] } });
  assert.deepEqual(choose("201", null, 0), { user: { uid: 201, gid: 202, groups: [202, 8] } });
});

test("a number without an entry needs a group", () => {
  assert.deepEqual(choose("65534", "65534", 0), { user: { uid: 65534, gid: 65534, groups: [65534] } });
  assert.throws(() => choose("65534", null, 0), /^Error: daemon_group: 65534 has no entry to take it from$/);
});

test("a name of digits is a name first", () => {
  assert.deepEqual(choose("777", null, 0), { user: { uid: 203, gid: 204, groups: [204] } });
});

test("who is not there is named", () => {
  assert.throws(() => choose("nobody-here", null, 0), /^Error: daemon_user: there is no user "nobody-here"$/);
  assert.throws(() => choose("signpost", "nobody-here", 0), /^Error: daemon_group: there is no group "nobody-here"$/);
});

test("root that stays root is warned of", () => {
  assert.deepEqual(choose("root", null, 0), { warning: "running as root: daemon_user is root" });
});

test("root that is told nobody becomes signpost, else nobody, and says so", () => {
  assert.deepEqual(choose(null, null, 0), {
    user: { uid: 201, gid: 202, groups: [202, 8] },
    warning: "started by root without daemon_user: running as signpost",
  });
  const without = { ...as(0), passwd: () => "root:x:0:0::/:/x\nnobody:x:65534:65534::/:/x\n" };
  assert.deepEqual(chooseUser({ daemon_user: null, daemon_group: null }, without), {
    user: { uid: 65534, gid: 65534, groups: [65534] },
    warning: "started by root without daemon_user: running as nobody",
  });
  const none = { ...as(0), passwd: () => "root:x:0:0::/:/x\n" };
  assert.throws(
    () => chooseUser({ daemon_user: null, daemon_group: null }, none),
    /neither a user signpost nor nobody/,
  );
});

test("without root nobody becomes anybody; who is that user already hears nothing", () => {
  assert.deepEqual(choose(null, null, 1000), {});
  assert.deepEqual(choose("signpost", null, 201), {});
  for (const user of ["signpost", "nobody-here"]) {
    assert.deepEqual(choose(user, null, 1000), {
      warning: `daemon_user ${user} is left alone: only root can become another user`,
    });
  }
});

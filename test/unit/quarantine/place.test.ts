// Where copies go, by method, map value and aliases.
import assert from "node:assert/strict";
import { test } from "node:test";
import { planCopies, resolvePlace } from "../../../src/quarantine/place.ts";

const settings = {
  QUARANTINEDIR: "/var/virusmails",
  quarantine_subdir_levels: 1,
  local_delivery_aliases: {
    "spam-quarantine": ["/var/spam", "s-%m.gz"],
    "bad-header-quarantine": "/var/badh",
    "clean-quarantine": null,
    "archive-quarantine": "/dev/null",
    "odd-quarantine": 7,
    "near-quarantine": "var/near",
  },
};

const folder = (deliveredTo: string, path: string, template: string) => ({
  place: { kind: "folder", deliveredTo, folder: path, template, subFolderLevels: 1 },
});
const nowhere = { place: undefined };

const cases: readonly (readonly [method: string | null, to: string | null, place: unknown])[] = [
  ["local:virus-%m", "virus-quarantine", folder("virus-quarantine", "/var/virusmails", "virus-%m")],
  ["LOCAL:virus-%m", "some-name", folder("some-name", "/var/virusmails", "virus-%m")],
  ["local:", "virus-quarantine", folder("virus-quarantine", "/var/virusmails", "")],
  ["sql:", "virus-quarantine", folder("virus-quarantine", "/var/virusmails", "")],
  ["local:", "spam-quarantine", folder("spam-quarantine", "/var/spam", "s-%m.gz")],
  ["local:%m", "spam-quarantine", folder("spam-quarantine", "/var/spam", "%m")],
  ["local:%m", "bad-header-quarantine", folder("bad-header-quarantine", "/var/badh", "%m")],
  ["local:%m", "clean-quarantine", nowhere],
  ["local:%m", "archive-quarantine", nowhere],
  ["local:%m", "q@example.com", { place: { kind: "mail", deliveredTo: "q@example.com" } }],
  [
    "smtp:[127.0.0.1]:10030",
    "q@example.com",
    { place: { kind: "mail", deliveredTo: "q@example.com", method: "smtp:[127.0.0.1]:10030" } },
  ],
  [null, "virus-quarantine", nowhere],
  ["", "virus-quarantine", nowhere],
  ["local:%m", null, nowhere],
  ["local:%m", "", nowhere],
];

for (const [method, to, place] of cases) {
  test(`${method} to ${to}`, () => assert.deepEqual(resolvePlace(method, to, settings), place));
}

for (const [method, to, problem] of [
  ["bsmtp:/x/%m", "virus-quarantine", /bsmtp/],
  ["virus-%m", "virus-quarantine", /copies are kept by/],
  ["hold:", "virus-quarantine", /only an MTA that asks as a milter/],
  ["hold:virus", "virus-quarantine", /copies are kept by/],
  ["local:all.mbox", "virus-quarantine", /%m is missing/],
  ["local:%m", "odd-quarantine", /^expected a folder/],
  ["local:%m", "near-quarantine", /no absolute path/],
] as const) {
  test(`${method} to ${to} is a problem`, () => {
    const found = resolvePlace(method, to, settings);
    assert.ok("problem" in found);
    assert.match(found.problem, problem);
  });
}

test("without QUARANTINEDIR nothing is kept in it, a mail address still gets its copy", () => {
  const none = { ...settings, QUARANTINEDIR: null };
  assert.deepEqual(resolvePlace("local:%m", "virus-quarantine", none), nowhere);
  assert.ok("place" in resolvePlace("local:%m", "q@example.com", none));
});

test("one copy per place, with all its recipients", () => {
  const virus = { kind: "mail", deliveredTo: "v@example.com" } as const;
  const archive = { kind: "mail", deliveredTo: "a@example.com" } as const;
  assert.deepEqual(
    planCopies([
      { purpose: "quarantine", category: "CC_VIRUS", place: virus, recipient: "b@x", blocked: true },
      { purpose: "quarantine", category: "CC_VIRUS", place: { ...virus }, recipient: "c@x", blocked: false },
      { purpose: "archive", category: "CC_VIRUS", place: archive, recipient: "b@x", blocked: true },
      { purpose: "quarantine", category: "CC_BANNED", place: virus, recipient: "d@x", blocked: false },
    ]),
    [
      {
        purpose: "quarantine",
        category: "CC_VIRUS",
        place: virus,
        recipients: ["b@x", "c@x", "d@x"],
        blocked: ["b@x"],
      },
      { purpose: "archive", category: "CC_VIRUS", place: archive, recipients: ["b@x"], blocked: ["b@x"] },
    ],
  );
});

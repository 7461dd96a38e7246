// Wrong arguments, in our words.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArgs } from "node:util";
import { argumentFault, optionsOf } from "../../../src/cli/argument-fault.ts";

const usage = "[--config FILE] [--lines N] [--json]\n\n  --lines N  how many, as --since-when has it";
const options = {
  config: { type: "string", short: "c" },
  lines: { type: "string" },
  json: { type: "boolean" },
} as const;

const cases: readonly (readonly [readonly string[], string])[] = [
  [["--bogus"], "there is no option --bogus"],
  [["--jsn"], "there is no option --jsn, did you mean --json?"],
  [["-x"], "there is no option -x"],
  [["twice"], 'unexpected argument "twice"'],
  [["--config"], "--config needs a value"],
  [["--json=yes"], "--json takes no value"],
  [["--lines", "-1"], '--lines needs a value; one that begins with "-" is written --lines=-...'],
];

for (const [args, message] of cases) {
  test(args.join(" "), () => {
    let fault: string | undefined;
    try {
      parseArgs({ args: [...args], options });
    } catch (error) {
      fault = argumentFault(error, usage);
    }
    assert.equal(fault, message);
  });
}

test("other errors are not of the arguments", () => {
  assert.equal(argumentFault(new TypeError("x"), usage), undefined);
});

test("a usage names its options, each once", () => {
  assert.deepEqual(optionsOf(usage), ["--config", "--lines", "--json", "--since-when"]);
});

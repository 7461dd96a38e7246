import assert from "node:assert/strict";
import { test } from "node:test";
import { commandNames, loadCommand, loadCommands } from "../../../src/cli/commands.ts";

test("every command is found by the name that it has", async () => {
  const commands = await loadCommands();
  assert.deepEqual(
    commands.map(({ name }) => name),
    commandNames,
  );
  for (const command of commands) assert.equal((await loadCommand(command.name))?.name, command.name);
  assert.equal(loadCommand("toString"), undefined);
});

// All commands, in the order in which they are listed.
import { check } from "./check.ts";
import { checkConfig } from "./check-config.ts";
import type { Command } from "./command.ts";
import { convertKeysfile } from "./convert-keysfile.ts";
import { demo } from "./demo.ts";
import { gened25519 } from "./gened25519.ts";
import { genrsa } from "./genrsa.ts";
import { importConf } from "./import.ts";
import { log } from "./log.ts";
import { reload } from "./reload.ts";
import { showkeys } from "./showkeys.ts";
import { sign } from "./sign.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { testkeys } from "./testkeys.ts";
import { why } from "./why.ts";

export const commands: readonly Command[] = [
  start,
  reload,
  status,
  why,
  log,
  checkConfig,
  genrsa,
  gened25519,
  showkeys,
  testkeys,
  convertKeysfile,
  importConf,
  check,
  sign,
  demo,
];

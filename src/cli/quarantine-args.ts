// What the arguments of `signpost quarantine` mean: which copies, and by when.
import { parseArgs } from "node:util";
import { encodeUtf8 } from "../mail/domain.ts";
import type { CopyState, QuarantineFilter } from "../mail/quarantine-row.ts";
import { type Category, categories } from "../policy/decision.ts";
import { controlOptions } from "./ask-daemon.ts";
import { UsageError } from "./command.ts";
import { readMoment } from "./moment.ts";

const options = {
  ...controlOptions,
  sender: { type: "string" },
  recipient: { type: "string" },
  subject: { type: "string" },
  category: { type: "string" },
  since: { type: "string" },
  before: { type: "string" },
  state: { type: "string" },
  limit: { type: "string", short: "n" },
  all: { type: "boolean" },
  json: { type: "boolean" },
  raw: { type: "boolean" },
  to: { type: "string", multiple: true },
  secret: { type: "string" },
  again: { type: "boolean" },
} as const;

/** Copies that one command lists or acts on, unless an option says otherwise. */
const defaultLimit = 1000;

export type QuarantineAction = "list" | "show" | "release" | "delete";

export interface QuarantineArgs {
  readonly action: QuarantineAction;
  /** Each a copy that must be there. */
  readonly ids: readonly string[];
  readonly filter: QuarantineFilter;
  readonly limit: number;
  readonly values: {
    readonly config?: string;
    readonly socket?: string;
    readonly to?: readonly string[];
    readonly secret?: string;
    readonly again?: boolean;
    readonly json?: boolean;
    readonly raw?: boolean;
  };
}

const filters = ["sender", "recipient", "subject", "category", "since", "before", "state"] as const;

/** Throws a UsageError. */
export function readQuarantineArgs(args: readonly string[], nowMs: number): QuarantineArgs {
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [action, ...ids] = positionals;
  if (!isAction(action)) throw new UsageError("list, show, release or delete?");
  const isFiltered = filters.some((name) => values[name] !== undefined);
  if (action !== "list") {
    if (ids.length === 0 && values.all !== true) {
      throw new UsageError(`${action} what? A mail_id, or --all with what they have in common`);
    }
    if (values.all === true && !isFiltered) throw new UsageError("--all of what? --sender, --before?");
  }
  if (ids.length > 0 && isFiltered) throw new UsageError("either ids or what copies have in common");
  const limit = Number(values.limit ?? defaultLimit);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError("--limit takes a number");
  return { action, ids, filter: filterOf(values, nowMs), limit, values };
}

function isAction(text: string | undefined): text is QuarantineAction {
  return text === "list" || text === "show" || text === "release" || text === "delete";
}

function filterOf(
  values: Readonly<Partial<Record<(typeof filters)[number], string>>>,
  nowMs: number,
): QuarantineFilter {
  const { sender, recipient, subject, category, since, before, state } = values;
  return {
    // The index has addresses as octets.
    ...(sender === undefined ? {} : { sender: encodeUtf8(sender) }),
    ...(recipient === undefined ? {} : { recipient: encodeUtf8(recipient) }),
    ...(subject === undefined ? {} : { subject }),
    ...(category === undefined ? {} : { category: readCategory(category) }),
    ...(since === undefined ? {} : { since: readMoment(since, nowMs) }),
    ...(before === undefined ? {} : { before: readMoment(before, nowMs) }),
    states: state === undefined ? ["kept", "released"] : [readState(state)],
  };
}

/** "CC_SPAM", "spam", the word of the log ("INFECTED"), that of the settings ("virus", "bad-header"). */
function readCategory(text: string): Category {
  const plain = (word: string) => word.toLowerCase().replace(/^cc_/, "").replaceAll(/[-_]/g, "");
  const wanted = plain(text);
  for (const [name, word] of Object.entries(categories)) {
    if (isCategory(name) && (plain(name) === wanted || plain(word) === wanted)) return name;
  }
  throw new UsageError(`no category "${text}": ${Object.keys(categories).join(", ")}`);
}

function isCategory(name: string): name is Category {
  return Object.hasOwn(categories, name);
}

function readState(text: string): CopyState {
  if (text === "kept" || text === "released" || text === "deleted") return text;
  throw new UsageError(`no state "${text}": kept, released or deleted`);
}

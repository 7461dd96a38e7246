// What MTA and filter agree on before the first mail (SMFIC_OPTNEG): version, the changes we may ask for, the steps that
// are told and those that want no answer.

/** Changes a filter may ask for (SMFIF_*). */
const actions = {
  addHeaders: 0x01,
  changeBody: 0x02,
  addRecipients: 0x04,
  removeRecipients: 0x08,
  changeHeaders: 0x10,
  quarantine: 0x20,
};

/** The MTA lets us name the macros we want (SMFIF_SETSYMLIST). */
const namesMacros = 0x100;

/**
 * The macros of each stage (SMFIM_*: connect, HELO, MAIL, RCPT, DATA, end of message, end of header). Those that are not
 * read are not asked for: they would come with every mail.
 */
const macros = ["j {daemon_name}", "", "i {auth_type}", "i", "", "", "i"];

/** Steps (SMFIP_*): not sent at all, sent without an answer, and leading blanks of header values kept. */
const noUnknown = 0x100;
const leadingSpace = 0x100000;

/**
 * The command letter of each step that may go without an answer, with its bit. Nothing is refused before the message is in,
 * so that the MTA need not stop and wait.
 */
const unanswered: Readonly<Record<string, number>> = {
  C: 0x1000,
  H: 0x2000,
  M: 0x4000,
  R: 0x8000,
  T: 0x10000,
  L: 0x80,
  N: 0x40000,
  B: 0x80000,
};

export interface Agreed {
  readonly version: number;
  /** Whether a change may be asked for. */
  may(action: keyof typeof actions): boolean;
  /** Whether the step of this command letter is to be answered. */
  isAnswered(command: string): boolean;
  /** Values of header fields come and go with the blanks after the colon. */
  readonly leadingSpace: boolean;
  /** The answer's data. */
  readonly answer: Buffer;
}

const lowestVersion = 2;
const ourVersion = 6;
/** The version that has lists of macros. */
const macroLists = 6;
const macroNames = Buffer.concat(
  macros.map((names, stage) => Buffer.concat([Buffer.from([0, 0, 0, stage]), Buffer.from(`${names}\0`, "latin1")])),
);

/** Undefined where there is nothing to agree on: too short, or a version before sendmail 8.12. */
export function negotiate(data: Buffer): Agreed | undefined {
  if (data.length < 12) return undefined;
  const version = Math.min(data.readUInt32BE(0), ourVersion);
  if (version < lowestVersion) return undefined;
  const wantedActions = Object.values(actions).reduce((all, bit) => all | bit, 0);
  const offered = data.readUInt32BE(4);
  const granted = offered & wantedActions;
  const wantedSteps = Object.values(unanswered).reduce((all, bit) => all | bit, noUnknown | leadingSpace);
  const steps = data.readUInt32BE(8) & wantedSteps;
  const asksMacros = version >= macroLists && (offered & namesMacros) !== 0;
  const options = Buffer.alloc(12);
  options.writeUInt32BE(version, 0);
  options.writeUInt32BE(asksMacros ? granted | namesMacros : granted, 4);
  options.writeUInt32BE(steps, 8);
  const answer = asksMacros ? Buffer.concat([options, macroNames]) : options;
  return {
    version,
    may: (action) => (granted & actions[action]) !== 0,
    isAnswered: (command) => (steps & (unanswered[command] ?? 0)) === 0,
    leadingSpace: (steps & leadingSpace) !== 0,
    answer,
  };
}

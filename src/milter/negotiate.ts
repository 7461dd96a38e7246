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

/** Steps (SMFIP_*): not sent at all, sent without an answer, and leading blanks of header values kept. */
const noUnknown = 0x100;
const leadingSpace = 0x100000;

/** The command letter of each step that may go without an answer, with its bit. MAIL is answered: it can be put off there. */
const unanswered: Readonly<Record<string, number>> = {
  C: 0x1000,
  H: 0x2000,
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

/** Undefined where there is nothing to agree on: too short, or a version before sendmail 8.12. */
export function negotiate(data: Buffer): Agreed | undefined {
  if (data.length < 12) return undefined;
  const version = Math.min(data.readUInt32BE(0), ourVersion);
  if (version < lowestVersion) return undefined;
  const wantedActions = Object.values(actions).reduce((all, bit) => all | bit, 0);
  const granted = data.readUInt32BE(4) & wantedActions;
  const wantedSteps = Object.values(unanswered).reduce((all, bit) => all | bit, noUnknown | leadingSpace);
  const steps = data.readUInt32BE(8) & wantedSteps;
  const answer = Buffer.alloc(12);
  answer.writeUInt32BE(version, 0);
  answer.writeUInt32BE(granted, 4);
  answer.writeUInt32BE(steps, 8);
  return {
    version,
    may: (action) => (granted & actions[action]) !== 0,
    isAnswered: (command) => (steps & (unanswered[command] ?? 0)) === 0,
    leadingSpace: (steps & leadingSpace) !== 0,
    answer,
  };
}

// Questions to the DNS asked in one thread and answered in another: both ends of a message port. Workers have no
// resolver of their own, so that there is one cache and one place that talks to name servers.
import type { Answer, RecordType, Resolve } from "./answer.ts";

/** What one end needs of a MessagePort. */
export interface Port<Received, Sent> {
  postMessage(message: Sent): void;
  on(event: "message", listener: (message: Received) => void): unknown;
}

export interface QuestionMessage {
  readonly id: number;
  /** What it is asked for. */
  readonly job: number;
  readonly name: string;
  readonly type: RecordType;
}

export interface AnswerMessage {
  readonly id: number;
  readonly type: RecordType;
  readonly answer: Answer;
}

/** Answers every question that comes over the port; `resolveFor` says who answers those of a job. */
export function serveResolve(port: Port<QuestionMessage, AnswerMessage>, resolveFor: (job: number) => Resolve): void {
  port.on("message", ({ id, job, name, type }) => {
    resolveFor(job)(name, type).then((answer) => port.postMessage({ id, type, answer }));
  });
}

/**
 * A `Resolve` for each job, that asks over the port. Its questions end when the port's other end answers, never by
 * themselves.
 */
export function createPortResolve(port: Port<AnswerMessage, QuestionMessage>): (job: number) => Resolve {
  const waiting = new Map<number, (message: AnswerMessage) => void>();
  let lastId = 0;
  port.on("message", (message) => {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  return (job) => (name, type) =>
    new Promise((settle) => {
      lastId += 1;
      waiting.set(lastId, (message) =>
        settle(isFor(message, type) ? message.answer : { status: "trouble", trouble: "malformed" }),
      );
      port.postMessage({ id: lastId, job, name, type });
    });
}

function isFor<T extends RecordType>(
  message: AnswerMessage,
  type: T,
): message is AnswerMessage & { answer: Answer<T> } {
  return message.type === type;
}

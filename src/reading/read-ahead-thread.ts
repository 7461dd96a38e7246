// The second thread of read-ahead.ts: reads batch after batch until none is left.
import { type MessagePort, workerData } from "node:worker_threads";
import { claimBatch, fetchBatch, type Question, state } from "./fetch-batch.ts";

interface Task {
  readonly question: Question;
  readonly names: readonly string[];
  readonly states: Int32Array;
  readonly port: MessagePort;
}

const { question, names, states, port }: Task = workerData;
for (let batch = claimBatch(states); batch !== undefined; batch = claimBatch(states)) {
  const fetched = fetchBatch(question, names, batch);
  port.postMessage(fetched, [fetched.der.buffer]);
  Atomics.store(states, batch, state.done);
  Atomics.notify(states, batch);
}
port.close();

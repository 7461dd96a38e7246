// A process of its own for each side of a measurement, so that what one uses is not counted for another: source, sink,
// forwarder and bare arithmetic, told what to do over Node's channel between processes.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type ArithmeticOptions, arithmetic } from "./arithmetic.ts";
import { startForward } from "./forward.ts";
import { type Held, type HoldOptions, holdConnections } from "./hold.ts";
import { startSink } from "./sink.ts";
import { type LoadOptions, type LoadResult, runLoad } from "./source.ts";

export interface Requests {
  /** Starts a sink, or finds it started; its port. `chunking`: whether it offers BDAT, settled when it starts. */
  sink: { readonly options: { readonly keep: boolean; readonly chunking?: boolean }; readonly result: number };
  /** What the sink has taken so far. */
  taken: {
    readonly options: null;
    readonly result: { readonly messages: number; readonly bytes: number; readonly last: Uint8Array | undefined };
  };
  forward: { readonly options: { readonly toPort: number }; readonly result: number };
  load: { readonly options: LoadOptions; readonly result: LoadResult };
  /** Opens connections that stay open and say nothing; how many were greeted. Those held before are given up. */
  hold: { readonly options: HoldOptions; readonly result: number };
  /** CPU milliseconds per operation. */
  arithmetic: { readonly options: ArithmeticOptions; readonly result: number };
}

export interface Child {
  readonly pid: number;
  call<Name extends keyof Requests>(name: Name, options: Requests[Name]["options"]): Promise<Requests[Name]["result"]>;
  stop(): void;
}

export function startChild(): Child {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ["child"], { serialization: "advanced" });
  const waiting: { resolve(value: never): void; reject(error: Error): void }[] = [];
  child.on("message", (answer: { result: never } | { error: string }) => {
    const next = waiting.shift();
    if ("error" in answer) next?.reject(new Error(answer.error));
    else next?.resolve(answer.result);
  });
  child.on("exit", () => {
    for (const { reject } of waiting.splice(0)) reject(new Error("a helper process ended"));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("no process");
  return {
    pid,
    call(name, options) {
      return new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.send({ name, options });
      });
    },
    stop: () => void child.kill(),
  };
}

type Handlers = { [Name in keyof Requests]: (options: Requests[Name]["options"]) => Promise<Requests[Name]["result"]> };

function serve(): void {
  let sink: Awaited<ReturnType<typeof startSink>> | undefined;
  let held: Held | undefined;
  const handlers: Handlers = {
    async sink({ keep, chunking }) {
      sink ??= await startSink({ chunking: chunking ?? true });
      sink.keep = keep;
      return sink.port;
    },
    taken: async () => ({ messages: 0, bytes: 0, ...sink?.counts(), last: sink?.last }),
    forward: async ({ toPort }) => (await startForward(toPort)).port,
    load: runLoad,
    async hold(options) {
      await held?.close();
      held = await holdConnections(options);
      return held.count;
    },
    arithmetic: async (options) => arithmetic(options),
  };
  process.on("message", ({ name, options }: { name: keyof Requests; options: never }) => {
    handlers[name](options).then(
      (result) => process.send?.({ result }),
      (error) => process.send?.({ error: String(error) }),
    );
  });
  process.on("disconnect", () => process.exit());
}

if (process.argv[2] === "child" && process.send !== undefined) serve();

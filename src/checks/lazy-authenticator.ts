// An authenticator that is made at its first job: most configurations ask for neither SPF nor ARC, and the threads that
// do them are heavy.
import type { Authenticator } from "../authres/authenticator.ts";
import type { WorkerAuthenticator } from "./worker-authenticator.ts";

export interface LazyAuthenticator extends Authenticator {
  /** Makes it now; rejects when it cannot do a first job. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export function createLazyAuthenticator(create: () => WorkerAuthenticator): LazyAuthenticator {
  let made: WorkerAuthenticator | undefined;
  const authenticator = () => {
    made ??= create();
    return made;
  };
  return {
    spf: (job, resolve) => authenticator().spf(job, resolve),
    arc: (job, resolve) => authenticator().arc(job, resolve),
    seal: (job) => authenticator().seal(job),
    ready: () => authenticator().ready(),
    close: async () => made?.close(),
  };
}

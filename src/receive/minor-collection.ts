// Reading a socket makes a buffer per read. Node frees them at minor collections, and the few small objects of a large
// body bring those about too rarely: tens of megabytes would wait for one.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Octets taken in between two collections. */
const everyBytes = 16 * 1024 * 1024;

/** Told how much a spooled body took in; collects what is young now and then. Costs about a millisecond each time. */
export function createMinorCollection(): (bytes: number) => void {
  const collect = findCollector();
  let bytesSince = 0;
  return (bytes) => {
    bytesSince += bytes;
    if (bytesSince < everyBytes) return;
    bytesSince = 0;
    collect?.({ type: "minor" });
  };
}

type Collector = (options: { readonly type: "minor" }) => void;

/** V8 hands its collector out by a flag; without it nothing is lost but memory. */
function findCollector(): Collector | undefined {
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("typeof gc === 'function' ? gc : undefined");
  setFlagsFromString("--no-expose-gc");
  return isCollector(found) ? found : undefined;
}

function isCollector(value: unknown): value is Collector {
  return typeof value === "function";
}

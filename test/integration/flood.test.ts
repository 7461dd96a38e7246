// Mail made of as many lines as its octets can hold, through the whole daemon: each arrives as it was sent.
import assert from "node:assert/strict";
import { connected, type Filter, startFilter, submit } from "../support/filter.ts";
import { hostileShapes } from "../support/hostile-shapes.ts";
import { after, before, test } from "../support/limited.ts";

let filter: Filter;

before(async () => {
  // Bodies of 3 MB go to a file; those of 1.5 MB stay in memory, and are stuffed while they are sent.
  filter = await startFilter({ spool: 'dir: "@FOLDER@", free_space: 1M, message_memory: 2M' });
});

after(() => filter?.close());

const claims = /^Authentication-Results: mail\.example\.com(?:\r\n[ \t].*)*\r\n/gm;

for (const bytes of [200_000, 1_500_000, 3_000_000]) {
  for (const { name, octets } of hostileShapes(bytes)) {
    test(`${bytes} octets of ${name} get 250 and arrive as they are`, async () => {
      const count = filter.hop.mails.length;
      const client = await connected(filter.ports.nochecks);
      assert.match(await submit(client, { data: octets }), /^250 2\.0\.0 from MTA/);
      client.socket.end("QUIT\r\n");
      assert.equal(filter.hop.mails.length, count + 1);
      const arrived = filter.hop.mails.at(-1)?.octets ?? Buffer.alloc(0);
      const text = octets.toString("latin1").replaceAll(claims, "");
      assert.ok(arrived.toString("latin1").endsWith(text), `${arrived.length} octets of ${octets.length}`);
      const own = arrived.toString("latin1", 0, arrived.length - text.length);
      assert.match(
        own,
        /^(?:(?:DKIM-Signature|X-Amavis-Alert): .*\r\n(?:[ \t].*\r\n)*)*Received: .*\r\n(?:[ \t].*\r\n)*$/,
      );
    });
  }
}

/**
 * `hostile-server.json`: every call ends as the case says. What the cases take in memory is measured in a process of its
 * own, `support/hostile_child.ts`.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { cases, filesOf } from "./support/cases.js";
import { actOut, HostileServer } from "./support/hostile.js";
import { run } from "./support/world.js";

/** What a server can make a client hold, in bytes. */
const MEMORY_MAX = 64 * 1024 * 1024;

/** Cases of which the memory is measured: those that bring much. */
const MEASURED = /flood|long|many|deep|depth|limit/;

const CHILD = fileURLToPath(new URL("./support/hostile_child.js", import.meta.url));

for (const file of filesOf("hostile_server")) {
  const all = cases(file, ["acts", "plays", "then"]);
  assert.ok(all.length >= 30);
  for (const { name, members } of all) {
    test(`${file}: ${name}`, async (t) => {
      const server = await HostileServer.start(t, members);
      if (!MEASURED.test(name)) {
        await actOut(server.socket, members);
      } else {
        // Garbage counts, so that not much of it may be left lying.
        const args = ["--max-semi-space-size=1", "--max-old-space-size=48", CHILD, server.socket];
        const { code, stdout, stderr } = await run(process.execPath, args, { input: JSON.stringify(members) });
        assert.equal(code, 0, stderr);
        assert.ok(Number(stdout) <= MEMORY_MAX, `${stdout} bytes were taken`);
      }
      await server.end();
    });
  }
}

/** `hello.json` and the other conversations: what a real server answers, so what a client can expect. */

import assert from "node:assert/strict";
import type { NetConnectOpts } from "node:net";
import { test } from "node:test";

import { bytes, cases, filesOf, type Json, type Members } from "../support/cases.js";
import { RawPeer } from "../support/raw_peer.js";
import { Pad, World } from "../support/world.js";

/** What the server holds beside the pad of notes. */
const ALSO: Record<string, string[]> = { "jsonrpc.json": ["example"], "newer.json": ["jobs"], "sidecar.json": ["mesh"] };

for (const file of filesOf("conversations")) {
  for (const { name, members } of cases(file, ["listener", "framing", "steps"])) {
    test(`${file}: ${name}`, async (t) => {
      const pad = await Pad.start(t, new World(t), ALSO[file]);
      const listeners: Record<string, NetConnectOpts> = {
        unix: { path: pad.socket },
        restricted: { path: `${pad.socket}.restricted` },
        tcp: { port: pad.port, host: "127.0.0.1" },
      };
      const to = listeners[(members["listener"] ?? "unix") as string];
      assert.ok(to, `no listener ${String(members["listener"])}`);
      const peer = await RawPeer.connect(t, to, members["framing"] as string | undefined);
      for (const step of members["steps"] as Members[]) await take(peer, step);
    });
  }
}

async function take(peer: RawPeer, step: Members): Promise<void> {
  const [name, ...others] = Object.keys(step);
  assert.deepEqual(others, [], "a step of two kinds");
  const what = step[name ?? ""];
  switch (name) {
    case "send":
      return peer.send(bytes(what));
    case "send_raw":
      return peer.sendRaw(bytes(what));
    case "receive": {
      const found = await peer.message();
      return assert.ok(holds(found as Json, what), `expected ${JSON.stringify(what)}, received ${JSON.stringify(found)}`);
    }
    case "receive_exactly":
      return assert.equal(await peer.receive(), what);
    case "finish":
      assert.equal(what, true);
      return peer.finish();
    case "end":
      assert.equal(what, true);
      return assert.equal(await peer.receive(), undefined);
    default:
      assert.fail(`an unknown kind of step: ${String(name)}`);
  }
}

/** Whether a value has at least these members, everywhere. */
function holds(found: Json | undefined, expected: Json | undefined): boolean {
  if (Array.isArray(expected)) {
    const list = Array.isArray(found) ? found : [];
    return list.length === expected.length && expected.every((each, index) => holds(list[index], each));
  }
  if (typeof expected === "object" && expected !== null) {
    if (typeof found !== "object" || found === null || Array.isArray(found)) return false;
    return Object.entries(expected).every(([name, each]) => Object.hasOwn(found, name) && holds(found[name], each));
  }
  return found === expected;
}

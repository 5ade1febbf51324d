/**
 * `recognition.json`, as far as a client can see it: what a live server makes of the first bytes of a connection. It
 * answers in the framing that it has recognised, refuses, or says nothing.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Inbox } from "../../src/connection/inbox.js";
import { FRAMINGS, type FramingName } from "../../src/framing/all.js";
import { bytes, cases, filesOf, type Json, type Members } from "../support/cases.js";
import { firstBody, RawPeer } from "../support/raw_peer.js";
import { Pad, World } from "../support/world.js";

/** What a refusal says, for people; it ends with a hint that is the same for all. */
const REFUSALS: Record<string, RegExp> = {
  http: /^HTTP\/1\.1 400 .*\r\n\r\nthis is a hallway socket/s,
  tls: refusal("TLS is not spoken here"),
  ssh: refusal("SSH is not spoken here"),
  noise: refusal("the first bytes are of no message"),
};

const ENCODINGS = ["json", "msgpack"];
/** The member that every answer of a dialect has. */
const DIALECTS: Record<string, string> = { native: "v", jsonrpc: "jsonrpc", sidecar: "type" };

test("recognition.json, by a live server", async (t) => {
  const pad = await Pad.start(t, new World(t), ["mesh"]);
  for (const file of filesOf("recognition")) {
    for (const { name, members } of cases(file, ["input", "speaks", "refused", "undecided"])) {
      await t.test(`${file}: ${name}`, async (t) => {
        const peer = await RawPeer.connect(t, { path: pad.socket });
        peer.sendRaw(bytes(members["input"]));
        peer.finish();
        const reply = await peer.rest();
        if (members["refused"] !== undefined) {
          const words = REFUSALS[members["refused"] as string];
          assert.ok(words, `no refusal ${String(members["refused"])}`);
          return assert.match(reply.toString(), words);
        }
        const isRefused = Object.values(REFUSALS).some((words) => words.test(reply.toString()));
        assert.ok(!isRefused, `refused: ${reply.toString()}`);
        if (members["undecided"] !== undefined) return assert.equal(reply.length, 0);
        speaks(members["speaks"], reply);
      });
    }
  }
});

/** Whatever was answered is in that framing and that encoding. A message that is not whole is not answered. */
function speaks(expected: Json | undefined, reply: Buffer): void {
  const [framing, encoding, dialect, ...others] = String(expected).split("/");
  assert.deepEqual(others, []);
  const mark = DIALECTS[dialect ?? ""];
  assert.ok(mark, `no dialect ${String(dialect)}`);
  assert.ok(ENCODINGS.includes(encoding ?? ""), `no encoding ${String(encoding)}`);
  const rules = FRAMINGS[framing as FramingName];
  assert.ok(rules, `no framing ${String(framing)}`);
  const inbox = new Inbox(rules);
  let found = 0;
  inbox.receive(reply, () => (found += 1));
  assert.ok(!inbox.isWithinMessage, `not in ${rules.name}: ${reply.toString()}`);
  if (reply.length === 0) return;
  assert.ok(found > 0);
  const body = firstBody(String(framing), reply);
  // An object, or the list that answers a list.
  assert.equal([0x7b, 0x5b].includes(body[0] ?? 0), encoding === "json", reply.toString("latin1"));
  if (encoding !== "json") return;
  const message = JSON.parse(body.toString()) as Json;
  const first = (Array.isArray(message) ? message[0] : message) as Members;
  const marks = Object.values(DIALECTS).filter((member) => Object.hasOwn(first, member));
  assert.deepEqual(marks, [mark], body.toString());
}

function refusal(words: string): RegExp {
  return new RegExp(`^\\{"v":1,"error":\\{"code":"bad_frame","message":"this is a hallway socket, and ${words}[^\\n]*\\n$`);
}

/** `framing.json`: where messages end in a stream, in whatever pieces it arrives. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Inbox } from "../../src/connection/inbox.js";
import { FRAMINGS, type FramingName } from "../../src/framing/all.js";
import { BadFrame } from "../../src/framing/framing.js";
import { FRAME_MAX } from "../../src/limits.js";
import { decode } from "../../src/protocol/decode.js";
import { type Received, Refusal } from "../../src/protocol/message.js";
import { bytes, cases, filesOf, type Members } from "../support/cases.js";

const PIECES = [Number.POSITIVE_INFINITY, 1, 2, 3, 7, 64, 4096];

for (const file of filesOf("framing")) {
  for (const { name, members } of cases(file, ["framing", "max", "input", "frames", "end"])) {
    test(`${file}: ${name}`, () => {
      const input = bytes(members["input"]);
      // By single bytes only what is short enough for it.
      for (const size of PIECES.filter((size) => size >= input.length / 10_000)) inPieces(members, input, size);
    });
  }
}

function inPieces(members: Members, input: Buffer, size: number): void {
  const framing = FRAMINGS[members["framing"] as FramingName];
  assert.ok(framing, "no such framing");
  const max = (members["max"] as number | undefined) ?? FRAME_MAX;
  const inbox = new Inbox(framing, max);
  const expected = [...(members["frames"] as Members[])];
  let end: string | undefined;
  try {
    for (let at = 0; at < input.length; at += size) {
      inbox.receive(input.subarray(at, at + size), (found) => compare(expected.shift(), found, max));
    }
  } catch (error) {
    if (!(error instanceof BadFrame)) throw error;
    end = "bad_frame";
  }
  end ??= inbox.isWithinMessage ? "within" : "between";
  assert.equal(end, members["end"], `in pieces of ${size}`);
  assert.deepEqual(expected, [], `in pieces of ${size}: frames did not come`);
}

/** A frame is seen through what is made of its body: the same as of the expected body alone. */
function compare(expected: Members | undefined, found: Received | Refusal, max: number): void {
  assert.ok(expected, `one frame too many: ${JSON.stringify(found)}`);
  if (Object.keys(expected).join() === "body") return assert.deepEqual(words(found), words(read(expected["body"])));
  assert.deepEqual(Object.keys(expected), ["too_long"]);
  const { size, id } = expected["too_long"] as Members;
  assert.ok(found instanceof Refusal);
  assert.deepEqual([found.code, found.id ?? null, found.details], ["frame_too_long", id, { size, max }]);
}

function read(body: Members[string] | undefined): Received | Refusal {
  try {
    return decode(bytes(body));
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error;
  }
}

function words(found: Received | Refusal): unknown {
  return found instanceof Refusal ? [found.code, found.id, found.details, found.message] : found;
}

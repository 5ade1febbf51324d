/** What a call that was made again ends in. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { CallError, endOf, HallwayError, LostError, ReachError } from "../src/errors.js";

const ended = { code: "closed_by_peer", reason: "the peer closed" };
const perhaps = new LostError(ended, "unknown");

function end(error: HallwayError, before: HallwayError | undefined): unknown[] {
  const { code, outcome } = endOf(error, before) as HallwayError;
  return [code, outcome];
}

test("what did not run this time may have run before", () => {
  assert.deepEqual(end(new ReachError("not_running", "nobody"), perhaps), ["not_running", "unknown"]);
  assert.deepEqual(end(new LostError(ended, "not_dispatched"), perhaps), ["closed_by_peer", "unknown"]);
  // The code of this one says that it did not run.
  assert.deepEqual(end(new CallError("busy", "later", "not_dispatched"), perhaps), ["closed_by_peer", "unknown"]);
  assert.deepEqual(end(new CallError("unexpected_result", "odd", "completed"), perhaps), ["unexpected_result", "completed"]);
});

test("what never can have run did not", () => {
  assert.deepEqual(end(new ReachError("not_running", "nobody"), undefined), ["not_running", "not_dispatched"]);
});

import assert from "node:assert/strict";

import { HallwayError } from "hallway";

/** The error that something ends in. */
export async function failure(something: Promise<unknown>): Promise<HallwayError> {
  try {
    await something;
  } catch (error) {
    assert.ok(error instanceof HallwayError, String(error));
    return error;
  }
  assert.fail("it did not fail");
}

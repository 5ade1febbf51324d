/** No file of the corpus is forgotten, and what is not run here says why. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromWire, WIRE_CODES } from "../../src/errors.js";
import { filesKnown, filesOf, filesThere, ROOT } from "../support/cases.js";

const NOT_APPLICABLE: Record<string, string> = {
  "msgpack.json": "this client speaks JSON only; a server answers in what it is spoken to",
  "starting.json": "only the holder of the start lock asks, and Node cannot lock a file",
};

test("no file is forgotten", () => {
  assert.deepEqual(filesThere().sort(), filesKnown().sort());
});

test("what is not run says why", () => {
  assert.deepEqual(filesOf("not_applicable"), Object.keys(NOT_APPLICABLE));
});

test("the table of codes is that of errors.md", () => {
  const text = readFileSync(`${ROOT}spec/errors.md`, "utf8");
  const [, table] = /<!-- codes: protocol\/code\.rs -->\n((?:\|.*\n)+)/.exec(text) ?? [];
  const rows = [...(table ?? "").matchAll(/^\| `([a-z_]+)` \| (no|maybe) \|/gm)].map(([, code, ran]) => [code, ran]);
  assert.ok(rows.length > 10);
  assert.deepEqual([...WIRE_CODES], rows);
});

test("a code says what became of the call", () => {
  const error = (code: string): unknown[] => {
    const { name, outcome } = fromWire({ code, message: "", retryable: false });
    return [name, outcome];
  };
  assert.deepEqual(error("busy"), ["CallError", "not_dispatched"]);
  assert.deepEqual(error("internal"), ["CallError", "unknown"]);
  assert.deepEqual(error("empty"), ["ServiceError", "completed"]);
});

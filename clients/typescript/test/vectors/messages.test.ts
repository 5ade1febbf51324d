/** `envelope.json` and `json-edge.json`: what one body means, or why it is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Raw, Unreadable } from "../../src/json/read.js";
import { write } from "../../src/json/write.js";
import { decode } from "../../src/protocol/decode.js";
import { encode } from "../../src/protocol/encode.js";
import { type Message, type Received, Refusal } from "../../src/protocol/message.js";
import { bytes, type Case, cases, filesOf, type Json } from "../support/cases.js";

for (const file of filesOf("messages")) {
  for (const each of cases(file, ["body", "message", "refused", "payload", "golden"])) {
    test(`${file}: ${each.name}`, () => check(each));
  }
}

function check({ members }: Case): void {
  const body = bytes(members["body"]);
  if (members["refused"] !== undefined) {
    assert.equal(members["message"], undefined);
    return assert.throws(
      () => decode(body),
      (refusal: unknown) => {
        assert.ok(refusal instanceof Refusal);
        assert.deepEqual({ id: refusal.id ?? null, code: refusal.code }, members["refused"]);
        return true;
      },
    );
  }
  const message = decode(body);
  const payload = members["payload"];
  if (payload !== undefined) checkPayload(payload, message);
  assert.deepEqual(normal(message, payload === undefined), members["message"]);
  if (members["golden"] === true) assert.equal(encode(written(message)), body.toString());
}

function checkPayload(expected: Json, message: Received): void {
  const raw = payloadOf(message);
  assert.ok(raw, "there is no payload");
  if (expected === "unreadable") return assert.throws(() => raw.read(), Unreadable);
  assert.deepEqual(Object.keys(expected as object), ["raw"]);
  const text = bytes((expected as { raw: Json }).raw).toString();
  assert.equal(raw.text, text);
  // Whole numbers come out as they went in.
  if (/^-?[0-9]+$/.test(text) && text !== "-0") assert.equal(write(raw.read()), text);
  else raw.read();
}

function payloadOf(message: Received): Raw | undefined {
  if (message.kind === "call") return message.params;
  return message.kind === "result" || message.kind === "item" ? message.value : undefined;
}

/** The form in which the files write a message: its kind, and the members that it has. */
function normal(message: Received, withPayload: boolean): object {
  const flat = Object.entries(message).flatMap(([name, value]: [string, unknown]) => {
    if (!(value instanceof Raw)) return value === undefined ? [] : [[name, bare(value)]];
    return withPayload ? [[name, value.read()]] : [];
  });
  return Object.fromEntries(flat) as object;
}

/** Without what is absent, and with numbers as the files' own reader has them: it rounds those beyond 2^53. */
function bare(value: unknown): unknown {
  const rounded = (_: string, each: unknown): unknown => (typeof each === "bigint" ? Number(each) : each);
  return JSON.parse(JSON.stringify(value, rounded)) as unknown;
}

function written(message: Received): Message<string> {
  const text = (raw: Raw): string => write(raw.read());
  switch (message.kind) {
    case "call":
      return { ...message, params: message.params && text(message.params) };
    case "result":
    case "item":
      return { ...message, value: text(message.value) };
    default:
      return message;
  }
}

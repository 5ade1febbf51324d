/** JSON that is exact, and what reads binary data out of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { binaryReader, NotBase64 } from "../src/description/binary.js";
import { Raw } from "../src/json/read.js";
import { NotJson } from "../src/json/scan.js";
import { NotWritable, write } from "../src/json/write.js";

test("what `JSON.parse` takes is taken, and the same", () => {
  const texts = ["0", "-1.5e3", '"\\u00e9\\n"', "[]", "{}", '[1,{"a":[true,null]}]', ' { "a" : 1 , "a" : 2 } ', '{"__proto__":1}'];
  for (const text of texts) assert.deepEqual(Raw.of(text).read(), JSON.parse(text), text);
  for (const text of ["", "01", "[1,]", '{"a"}', "tru", '"\n"', "1 2", "\ufeff1", "[", '"\\x"', "--1", "1.", "NaN"]) {
    assert.throws(() => Raw.of(text), NotJson, text);
    assert.throws(() => JSON.parse(text), text);
  }
});

test("around what is exact, everything is as `JSON.parse` has it", () => {
  const big = "9007199254740993";
  for (const text of [`[${big},1.5,"a\\"b",{}]`, `{"a":[],"__proto__":${big}, "b\\u0041":[null,true]}`, `[[${big}],-0]`]) {
    const exact = JSON.stringify(Raw.of(text).read(), (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
    assert.equal(exact, JSON.stringify(JSON.parse(text)));
  }
  const members = Raw.of(`{"__proto__":${big}}`).read() as object;
  assert.deepEqual(Object.entries(members), [["__proto__", 9007199254740993n]]);
  assert.equal(Object.getPrototypeOf(members), Object.prototype);
});

test("values are written as `JSON.stringify` writes them, or refused", () => {
  const date = new Date(0);
  for (const value of [1, "\u2028é\"", [undefined, null], { a: undefined, b: [] }, date, { date }, true, -0, 1.5e-7, 1e15]) {
    assert.equal(write(value), JSON.stringify(value));
  }
  assert.equal(write([2n ** 64n, 2 ** 53, -1e300, new Uint8Array([251]), Buffer.from("a")]), '[18446744073709551616,9.007199254740992e+15,-1e+300,"+w==","YQ=="]');
  const itself: unknown[] = [];
  itself.push(itself);
  for (const value of [Number.NaN, 1 / 0, "\ud800", { "\udc00": 1 }, () => 1, Symbol("x"), new Map(), itself, undefined]) {
    assert.throws(() => write(value), NotWritable);
  }
});

test("binary data is found wherever the schema says so", () => {
  const bytes = { type: "string", contentEncoding: "base64" };
  const types = {
    Part: { type: "object", properties: { data: bytes, name: { type: "string" }, parts: { type: "array", items: { $ref: "#/$defs/Part" } } } },
    Plain: { type: "object", properties: { again: { $ref: "#/$defs/Itself" } } },
    Itself: { type: "string" },
  };
  const read = (schema: object, value: unknown): unknown => binaryReader(schema as Record<string, unknown>, types)?.(value);
  const one = new Uint8Array([1]);
  assert.deepEqual(read(bytes, "AQ=="), one);
  assert.deepEqual(read({ $ref: "#/$defs/Part" }, { data: "AQ==", name: "AQ==", parts: [{ data: "AQ==" }, {}] }), {
    data: one,
    name: "AQ==",
    parts: [{ data: one }, {}],
  });
  assert.deepEqual(read({ anyOf: [bytes, { type: "null" }] }, null), null);
  assert.deepEqual(read({ type: "object", additionalProperties: bytes }, { a: "AQ==" }), { a: one });
  assert.deepEqual(read({ type: "array", prefixItems: [true, bytes] }, ["AQ==", "AQ==", "AQ=="]), ["AQ==", one, "AQ=="]);
  assert.equal(binaryReader({ $ref: "#/$defs/Plain" }, types), undefined);
  for (const text of ["A", "AQ", "AQ=", "AR==", "A-==", "AQ==\n", "é"]) assert.throws(() => read(bytes, text), NotBase64, text);
});

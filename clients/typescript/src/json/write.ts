/** Values to JSON, exactly: what cannot be written is refused rather than changed. */

import { DEPTH_MAX } from "../limits.js";

/** The value holds something that JSON has no way to write. */
export class NotWritable extends Error {
  override name = "NotWritable";
}

/**
 * Writes a value. As `JSON.stringify`, except that
 * - a `bigint` is written as its digits, and a `Uint8Array` as base64;
 * - a whole number beyond 2^53, which may have been rounded, is written with an exponent: as what it is, a double, so
 *   that no method takes it for a whole number;
 * - NaN, infinities, functions, symbols, half surrogate pairs and more than 64 levels are refused.
 */
export function write(value: unknown): string {
  const text = element(value, "", DEPTH_MAX);
  if (text === undefined) throw new NotWritable("`undefined` cannot be written");
  return text;
}

/** `undefined` for what an object leaves out. */
function element(value: unknown, name: string, levels: number): string | undefined {
  switch (typeof value) {
    case "string":
      return string(value);
    case "number":
      return number(value);
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      return value.toString();
    case "undefined":
      return undefined;
    case "object":
      return value === null ? "null" : compound(value, name, levels);
    default:
      throw new NotWritable(`a ${typeof value} cannot be written`);
  }
}

function compound(value: object, name: string, levels: number): string | undefined {
  if (value instanceof Uint8Array) {
    const { buffer, byteOffset, byteLength } = value;
    return `"${Buffer.from(buffer, byteOffset, byteLength).toString("base64")}"`;
  }
  if (levels === 0) throw new NotWritable(`the value is more than ${DEPTH_MAX} levels deep, or holds itself`);
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return element(value.toJSON(name) as unknown, name, levels - 1);
  }
  if (Array.isArray(value)) {
    const elements = value.map((each: unknown, index) => element(each, String(index), levels - 1) ?? "null");
    return `[${elements.join(",")}]`;
  }
  if (value instanceof Map || value instanceof Set) {
    throw new NotWritable(`a ${value.constructor.name} cannot be written; give an object or a list`);
  }
  let members = "";
  for (const [name, each] of Object.entries(value)) {
    const text = element(each, name, levels - 1);
    if (text !== undefined) members += `${members && ","}${string(name)}:${text}`;
  }
  return `{${members}}`;
}

function string(value: string): string {
  if (!value.isWellFormed()) throw new NotWritable("half of a surrogate pair is no text");
  return JSON.stringify(value);
}

function number(value: number): string {
  if (!Number.isFinite(value)) throw new NotWritable(`${value} cannot be written`);
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

/**
 * Binary data in results: base64 on the wire, `Uint8Array` for the program, wherever a schema says
 * `contentEncoding: base64`. What a schema does not speak of stays as it is.
 */

import type { Schema } from "./description.js";

/** Reads binary data out of a value, in place where there is an object around it. Throws `NotBase64`. */
export type Reader = (value: unknown) => unknown;

/** A text that should be base64 and is not. */
export class NotBase64 extends Error {
  override name = "NotBase64";
}

/** What reads the binary data of values of a schema; `undefined` if there can be none. */
export function binaryReader(schema: Schema, types: Readonly<Record<string, Schema>>): Reader | undefined {
  return new Compiler(types).reader(schema);
}

class Compiler {
  readonly #types: Readonly<Record<string, Schema>>;
  /** The readers of named types, some of which hold themselves. */
  readonly #named = new Map<string, { reader: Reader | undefined }>();

  constructor(types: Readonly<Record<string, Schema>>) {
    this.#types = types;
  }

  reader(schema: Schema): Reader | undefined {
    if (typeof schema === "boolean") return undefined;
    if (schema["contentEncoding"] === "base64") return bytes;
    const parts = [
      this.#reference(schema["$ref"]),
      this.#properties(schema["properties"], schema["additionalProperties"]),
      this.#elements(schema["prefixItems"], schema["items"]),
      ...["anyOf", "oneOf", "allOf"].map((keyword) => this.#choices(schema[keyword])),
    ].filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : (value) => parts.reduce((value, part) => part(value), value);
  }

  #reference(reference: unknown): Reader | undefined {
    if (typeof reference !== "string" || !reference.startsWith("#/$defs/")) return undefined;
    const name = reference.slice("#/$defs/".length);
    const known = this.#named.get(name);
    // If it is being looked at, it holds itself.
    if (known) return (value) => (known.reader ? known.reader(value) : value);
    const entry: { reader: Reader | undefined } = { reader: undefined };
    this.#named.set(name, entry);
    const type = Object.hasOwn(this.#types, name) ? this.#types[name] : undefined;
    entry.reader = type === undefined ? undefined : this.reader(type);
    return entry.reader;
  }

  #properties(properties: unknown, others: unknown): Reader | undefined {
    const named = new Map<string, Reader>();
    for (const [name, schema] of Object.entries(isObject(properties) ? properties : {})) {
      const reader = isSchema(schema) ? this.reader(schema) : undefined;
      if (reader) named.set(name, reader);
    }
    const other = isSchema(others) ? this.reader(others) : undefined;
    if (named.size === 0 && !other) return undefined;
    return (value) => {
      if (!isObject(value) || value instanceof Uint8Array) return value;
      for (const name of other ? Object.keys(value) : named.keys()) {
        const reader = named.get(name) ?? other;
        if (reader && Object.hasOwn(value, name)) value[name] = reader(value[name]);
      }
      return value;
    };
  }

  #elements(first: unknown, others: unknown): Reader | undefined {
    const firsts = (Array.isArray(first) ? first : []).map((each: unknown) => isSchema(each) && this.reader(each));
    const other = isSchema(others) ? this.reader(others) : undefined;
    if (!other && !firsts.some(Boolean)) return undefined;
    return (value) => {
      if (!Array.isArray(value)) return value;
      return value.map((each: unknown, index) => {
        const reader = index < firsts.length ? firsts[index] : other;
        return reader ? reader(each) : each;
      });
    };
  }

  /** Of several schemas, the one that fits: binary data is text there, and any other text would be no base64. */
  #choices(choices: unknown): Reader | undefined {
    const readers = (Array.isArray(choices) ? choices : [])
      .map((each: unknown) => (isSchema(each) ? this.reader(each) : undefined))
      .filter((reader) => reader !== undefined);
    return readers.length === 0 ? undefined : (value) => readers.reduce((value, reader) => reader(value), value);
  }
}

function bytes(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const bytes = Buffer.from(value, "base64");
  // Node reads over what is not base64, and reads other alphabets too.
  if (bytes.toString("base64") !== value) throw new NotBase64("a text that should be base64 and is not");
  return new Uint8Array(bytes);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "boolean" || isObject(value);
}

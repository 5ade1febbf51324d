/** What the client knows of the methods at the other end, from their description. */

import { binaryReader, NotBase64, type Reader } from "../description/binary.js";
import type { Description } from "../description/description.js";
import { CallError } from "../errors.js";
import { type Raw, Unreadable } from "../json/read.js";

/** A method that is known, or one that is not: that is not sent again by itself, and its answer is left as it is. */
export interface Known {
  readonly idempotent: boolean;
  readonly reader: Reader | undefined;
}

const UNKNOWN: Known = { idempotent: false, reader: undefined };

/** What every server answers, the same for ever. */
const RESERVED: Known = { idempotent: true, reader: undefined };

export class Methods {
  readonly #known = new Map<string, Known>();

  constructor(descriptions: readonly Description[]) {
    for (const { name, methods, types } of descriptions) {
      for (const { name: method, idempotent, result } of methods) {
        this.#known.set(`${name}.${method}`, { idempotent, reader: binaryReader(result, types) });
      }
    }
  }

  of(method: string): Known {
    return this.#known.get(method) ?? (method.startsWith("hallway.") ? RESERVED : UNKNOWN);
  }
}

/** Reads the answer of a method. */
export function readAnswer(raw: Raw, { reader }: Known): unknown {
  try {
    const value = raw.read();
    return reader ? reader(value) : value;
  } catch (error) {
    if (error instanceof Unreadable || error instanceof NotBase64) throw unexpected(error.message);
    throw error;
  }
}

/** The answer has another shape than the method declares. */
export function unexpected(reason: string): CallError {
  return new CallError("unexpected_result", `the answer has another shape than expected: ${reason}`, "completed");
}

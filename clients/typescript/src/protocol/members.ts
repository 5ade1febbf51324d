/** Members of an envelope read as what they must be; whatever is not is refused in words. */

import { type Raw, Unreadable } from "../json/read.js";
import { NotJson } from "../json/scan.js";
import type { Integer64 } from "./message.js";

/** A member of the wrong type. */
export class WrongMember extends Error {
  override name = "WrongMember";
}

/** The largest unsigned number of 64 bits. */
const U64_MAX = 2n ** 64n - 1n;
const U32_MAX = 2 ** 32 - 1;

/** The members of an object, by name. One of the `known` names may not stand there twice; others are ignored. */
export function object(name: string, raw: Raw, known: readonly string[]): Map<string, Raw> {
  const found = new Map<string, Raw>();
  const members = readable(name, () => raw.members());
  if (members === undefined) throw new WrongMember(`\`${name}\` must be an object`);
  for (const [member, value] of members) {
    if (!known.includes(member)) continue;
    if (found.has(member)) throw new WrongMember(`\`${name}.${member}\` stands there twice`);
    found.set(member, value);
  }
  return found;
}

export function text(name: string, raw: Raw): string {
  const value = anything(name, raw);
  if (typeof value !== "string") throw new WrongMember(`\`${name}\` must be text`);
  return value;
}

export function texts(name: string, raw: Raw): string[] {
  const value = anything(name, raw);
  const all = Array.isArray(value) && value.every((each) => typeof each === "string");
  if (!all) throw new WrongMember(`\`${name}\` must be a list of text`);
  return value as string[];
}

export function flag(name: string, raw: Raw): boolean {
  if (raw.text === "true") return true;
  if (raw.text === "false") return false;
  throw new WrongMember(`\`${name}\` must be true or false`);
}

/** A whole number of 64 bits, without sign, point or exponent. */
export function u64(name: string, raw: Raw): Integer64 {
  const value = /^[0-9]+$/.test(raw.text) ? BigInt(raw.text) : -1n;
  if (value < 0n || value > U64_MAX) throw new WrongMember(`\`${name}\` must be a whole number of 64 bits`);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

export function u32(name: string, raw: Raw): number {
  const value = /^[0-9]+$/.test(raw.text) ? Number(raw.text) : -1;
  if (value < 0 || value > U32_MAX) throw new WrongMember(`\`${name}\` must be a whole number of 32 bits`);
  return value;
}

export function anything(name: string, raw: Raw): unknown {
  return readable(name, () => raw.read());
}

/** A member that may be absent; `null` is the same as absent. */
export function optional<T>(read: (name: string, raw: Raw) => T, name: string, raw: Raw | undefined): T | undefined {
  return raw === undefined || raw.isNull ? undefined : read(name, raw);
}

/** A member that may be absent, and then has a value of its own; `null` is of the wrong type. */
export function given<T>(read: (name: string, raw: Raw) => T, name: string, raw: Raw | undefined, absent: T): T {
  return raw === undefined ? absent : read(name, raw);
}

function readable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Unreadable || error instanceof NotJson) throw new WrongMember(`\`${name}\`: ${error.message}`);
    throw error;
  }
}

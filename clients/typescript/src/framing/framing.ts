/**
 * Layer 2, framing: where a message ends and the next begins.
 *
 * Knows boundaries in a byte stream. Must not know what stands between them, or where the bytes come from.
 */

import { Walk } from "./walk.js";

/** The stream cannot be followed any further. */
export class BadFrame extends Error {
  override name = "BadFrame";
}

/** What the bytes at hand hold. */
export type Scan =
  /** No whole frame yet. */
  | { kind: "more" }
  /** Bytes that belong to no message, up to here. */
  | { kind: "blank"; end: number }
  /** A frame: its body, and where the next one begins. */
  | { kind: "frame"; start: number; stop: number; end: number }
  /** A frame longer than allowed begins: where its body does, and how many bytes are left, or all to the end of a line or of what it holds. */
  | { kind: "too_long"; start: number; rest: number | Walk };

/** How far a frame has been looked at in vain, so that nothing is searched twice. A new one for each frame. */
export class Seen {
  bytes = 0;
  readonly walk = new Walk();
}

/** What every framing has to say; one implementation per file. */
export interface Framing {
  readonly name: string;
  /** Looks for one frame at the start of `input`; allocates nothing, whatever is announced. Throws `BadFrame`. */
  scan(input: Buffer, seen: Seen, max: number): Scan;
  /** One frame around a body. */
  frame(body: string): Buffer;
}

export const MORE: Scan = { kind: "more" };

/**
 * Bytes in, messages out, in whatever pieces the bytes arrive. Does no I/O.
 *
 * Only an unfinished frame is kept, in a buffer that grows with what has arrived and not with what was announced. A
 * body that is too long is read over and answered by its id.
 */

import { type Framing, Seen } from "../framing/framing.js";
import { Walk } from "../framing/walk.js";
import { FRAME_HEAD, FRAME_MAX } from "../limits.js";
import { decode, refuse } from "../protocol/decode.js";
import { type Received, Refusal } from "../protocol/message.js";

/** The smallest buffer for an unfinished frame, in bytes. */
const LEAST = 1024;

export class Inbox {
  #held: Buffer = Buffer.alloc(0);
  #length = 0;
  #seen = new Seen();
  #skipping: Skipping | undefined;

  constructor(
    readonly framing: Framing,
    readonly frameMax = FRAME_MAX,
  ) {}

  /** Whether a message has begun and not ended. */
  get isWithinMessage(): boolean {
    return this.#length > 0 || this.#skipping !== undefined;
  }

  /** How many bytes are set aside for an unfinished message. */
  get capacity(): number {
    return this.#held.length;
  }

  /**
   * Takes in what was read, and hands over each message that it completes. Throws `BadFrame` when the stream cannot be
   * followed any further; messages before that have been handed over.
   */
  receive(input: Buffer, each: (received: Received | Refusal) => void): void {
    const bytes = this.#length === 0 ? input : this.#join(input);
    const used = this.#frames(bytes, each);
    this.#keep(bytes.subarray(used));
  }

  #join(input: Buffer): Buffer {
    const length = this.#length + input.length;
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(LEAST, length, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    input.copy(this.#held, this.#length);
    this.#length = length;
    return this.#held.subarray(0, length);
  }

  #keep(rest: Buffer): void {
    // What has grown is kept while its frame grows, and given back after it.
    const isHeld = this.#length > 0 && rest.length === this.#length;
    if (isHeld) return;
    this.#length = 0;
    this.#held = Buffer.alloc(0);
    if (rest.length > 0) this.#join(rest);
  }

  /** Hands over the frames at the start of `input`, and returns how far they go. */
  #frames(input: Buffer, each: (received: Received | Refusal) => void): number {
    let at = 0;
    while (at < input.length) {
      const rest = at === 0 ? input : input.subarray(at);
      if (this.#skipping) {
        at += this.#skipping.take(rest);
        if (!this.#skipping.isWhole) break;
        const refusal = this.#skipping.refusal(this.frameMax);
        this.#skipping = undefined;
        each(refusal);
        continue;
      }
      const scan = this.framing.scan(rest, this.#seen, this.frameMax);
      if (scan.kind === "more") break;
      this.#seen = new Seen();
      if (scan.kind === "too_long") {
        this.#skipping = new Skipping(scan.rest);
        at += scan.start;
      } else {
        at += scan.end;
        if (scan.kind === "frame") each(read(rest.subarray(scan.start, scan.stop)));
      }
    }
    return at;
  }
}

function read(body: Buffer): Received | Refusal {
  try {
    return decode(body);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** A frame that is being read over, and its first bytes, which tell whom to answer. */
class Skipping {
  isWhole = false;
  #left: number | Walk;
  #head = Buffer.alloc(0);
  #size = 0;

  constructor(rest: number | Walk) {
    this.#left = rest;
  }

  /** Reads over what is there, and returns how many bytes that are. */
  take(input: Buffer): number {
    let body: number;
    let used: number;
    if (this.#left instanceof Walk) {
      const lineFeed = input.indexOf(LINE_FEED);
      const line = lineFeed < 0 ? input : input.subarray(0, lineFeed);
      const end = this.#left.on(line);
      this.isWhole = end !== undefined || lineFeed >= 0;
      body = end ?? line.length;
      used = end ?? (lineFeed < 0 ? input.length : lineFeed + 1);
    } else {
      body = used = Math.min(this.#left, input.length);
      this.#left -= used;
      this.isWhole = this.#left === 0;
    }
    const wanted = Math.min(FRAME_HEAD - this.#head.length, body);
    if (wanted > 0) this.#head = Buffer.concat([this.#head, input.subarray(0, wanted)]);
    this.#size += body;
    return used;
  }

  refusal(max: number): Refusal {
    const size = this.#size;
    const message = `a message of ${size} bytes, where ${max} is the most; it was read over`;
    return refuse(this.#head, "frame_too_long", message, { size, max });
  }
}

const LINE_FEED = 0x0a;

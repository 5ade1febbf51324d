/** Calls that this side has made and whose end has not come. Does no I/O. */

import { type Closed, fromWire, type HallwayError, LostError, WIRE_CODES } from "../errors.js";
import type { Raw } from "../json/read.js";
import { CALLS_OPEN_MAX, UNKNOWN_ANSWERS_MAX } from "../limits.js";
import type { Goaway, Hello, Integer64, Progress, WireError } from "../protocol/message.js";
import { Room } from "./room.js";

/** Where what comes back for a call goes. `end` comes once, and nothing after it. */
export interface Sink {
  /** An item; `taken` gives back the room that it has until then. */
  item(seq: Integer64 | undefined, value: Raw, taken: () => void): void;
  /** Events were missed; of those, so many were dropped here for want of room, and are to be granted anew. */
  lagged(missed: Integer64, next: Integer64, dropped: number): void;
  /** An item without a number found no room: the stream has lost it. */
  overrun(): void;
  progress(progress: Progress): void;
  end(end: End): void;
}

/** How a call ended. */
export type End = { value: Raw } | { error: HallwayError };

/** How a peer breaks the rules with a message that can be read; `undefined` if it does not. */
export type Fault = string | undefined;

/** One open call. */
interface Slot {
  /** `undefined`: nobody waits any more; the id stays taken until the peer has answered. */
  sink: Sink | undefined;
  /** How many more items the peer was granted. */
  credit: number;
}

export class Outgoing {
  readonly #open = new Map<number, Slot>();
  #lastId = 0;
  #places = CALLS_OPEN_MAX;
  /** Set once: no further call is begun. */
  #ended: Closed | undefined;
  /** A `hello` of the peer has arrived: from then on, calls may have been dispatched. */
  #heardHello = false;
  /** What the peer has said about no call in particular, which may be why it goes. */
  #words: WireError | undefined;
  readonly #room = new Room();
  /** How many messages belonged to nothing. */
  #strays = 0;
  /** Calls that have ended and that the peer, which goes, may still refuse. */
  #refusals = 0;

  /** Whether a call that is begun now has a chance. */
  get goesOn(): boolean {
    return this.#ended === undefined;
  }

  /** Whether the peer takes one more call now; if not, one has to end first. */
  get hasPlace(): boolean {
    return this.#open.size < this.#places;
  }

  /** How many calls the peer owes an answer. */
  get size(): number {
    return this.#open.size;
  }

  isOpen(id: number): boolean {
    return this.#open.has(id);
  }

  /** Takes an id for a call. Throws if the connection has ended; the call is not dispatched then. */
  begin(sink: Sink, window: number): number {
    if (this.#ended) throw new LostError(this.#ended, "not_dispatched");
    this.#lastId += 1;
    this.#open.set(this.#lastId, { sink, credit: window });
    return this.#lastId;
  }

  /** A call that was begun and could not be written. */
  withdraw(id: number): void {
    this.#open.delete(id);
  }

  /** The caller goes away. Whether the peer is to be told. */
  abandon(id: number): boolean {
    const slot = this.#open.get(id);
    if (slot?.sink === undefined) return false;
    slot.sink = undefined;
    return true;
  }

  /** The caller has room for more items. Whether the peer is to be told. */
  grant(id: number, items: number): boolean {
    const slot = this.#open.get(id);
    if (slot?.sink === undefined) return false;
    slot.credit += items;
    return true;
  }

  hello(hello: Hello): void {
    this.#heardHello = true;
    if (hello.calls_max !== undefined) this.#places = Math.max(1, Math.min(CALLS_OPEN_MAX, hello.calls_max));
  }

  item(id: number, seq: Integer64 | undefined, value: Raw): Fault {
    const slot = this.#open.get(id);
    if (!slot) return this.stray();
    if (slot.sink === undefined) return undefined;
    if (slot.credit === 0) return "more items than were granted";
    slot.credit -= 1;
    const taken = this.#room.hold(Buffer.byteLength(value.text));
    if (taken) slot.sink.item(seq, value, taken);
    else if (seq === undefined) slot.sink.overrun();
    else slot.sink.lagged(1, add(seq, 1), 1);
    return undefined;
  }

  lagged(id: number, missed: Integer64, next: Integer64): Fault {
    const slot = this.#open.get(id);
    if (!slot) return this.stray();
    slot.sink?.lagged(missed, next, 0);
    return undefined;
  }

  progress(id: number, progress: Progress): Fault {
    const slot = this.#open.get(id);
    if (!slot) return this.stray();
    slot.sink?.progress(progress);
    return undefined;
  }

  /** A call's answer. */
  answered(id: number, end: End): Fault {
    if (!this.#open.has(id)) return this.stray();
    this.#end(id, end);
    return undefined;
  }

  /** Something belongs to nothing: it is left, and counted. */
  stray(): Fault {
    this.#strays += 1;
    if (this.#strays <= UNKNOWN_ANSWERS_MAX + this.#refusals) return undefined;
    return `more than ${UNKNOWN_ANSWERS_MAX} messages that belong to nothing`;
  }

  #end(id: number, end: End): void {
    const slot = this.#open.get(id);
    this.#open.delete(id);
    slot?.sink?.end(end);
  }

  /** The peer has said something about no call in particular. */
  words(error: WireError): void {
    this.#words = error;
  }

  /** The peer dispatches nothing after `goaway.last`: those calls end here, and no other is begun. */
  goaway(goaway: Goaway): void {
    const closed = { code: "goaway", reason: goaway.message || "the peer closes the connection" };
    this.#ended ??= closed;
    for (const id of [...this.#open.keys()]) {
      if (id <= goaway.last) continue;
      this.#refusals += 1;
      this.#end(id, { error: new LostError(closed, "not_dispatched") });
    }
  }

  /** The connection has ended: every caller hears it, and what may have become of its call. */
  close(closed: Closed): void {
    const heard = closed.code === "closed_by_peer" && this.#words ? withWords(this.#words) : closed;
    // A peer that breaks the rules may have broken that one as well.
    const unheard = !this.#heardHello && heard.code !== "protocol_violation";
    this.#ended = heard;
    for (const id of [...this.#open.keys()]) {
      this.#end(id, { error: new LostError(heard, unheard ? "not_dispatched" : "unknown") });
    }
  }
}

/** Adds what may be more than 53 bits, up to 64. */
export function add(one: Integer64, other: Integer64): Integer64 {
  const sum = BigInt(one) + BigInt(other);
  if (sum <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(sum);
  return sum < U64_MAX ? sum : U64_MAX;
}

const U64_MAX = 2n ** 64n - 1n;

/** The peer closed, and had said why. */
function withWords(words: WireError): Closed {
  const code = WIRE_CODES.has(words.code) ? words.code : "closed_by_peer";
  return { code, reason: fromWire(words).message };
}

/** What a streaming method sends, as async iterators. A reader that is slow stops its own stream, and no other. */

import type { Connection } from "../connection/connection.js";
import { add, type End, type Sink } from "../connection/outgoing.js";
import { CallError, LostError, mayRetry } from "../errors.js";
import type { Raw } from "../json/read.js";
import { ITEMS_HELD_MAX, RETRIES_MAX } from "../limits.js";
import type { Integer64, Progress } from "../protocol/message.js";
import type { Patience } from "./patience.js";

/** Something that a subscription brings. */
export type Event<T> =
  /** An event, and its number. */
  | { kind: "item"; seq: Integer64; value: T }
  /** So many events were missed for good, and this one comes next. Zero missed: the numbers have begun anew. */
  | { kind: "lagged"; missed: Integer64; next: Integer64 };

/** Something that has arrived, not looked into. */
export type Arrival =
  | { kind: "item"; seq: Integer64; raw: Raw }
  | { kind: "lagged"; missed: Integer64; next: Integer64 };

/** Something that waits: what gives back its room, and how many items are granted anew once it is taken. */
interface Waiting {
  arrival: Arrival;
  taken: () => void;
  items: number;
}

/** How a stream is opened, read and given up. */
export interface Course<T> {
  connection(): Connection | Promise<Connection>;
  /** Sends the call, to go on after the event of this number if there was one. */
  begin(connection: Connection, sink: Sink, since: Integer64 | undefined): number;
  /** What the caller is handed; `undefined` for what is not for it. */
  read(arrival: Arrival): T | undefined;
  readonly patience: Patience;
  readonly window: number;
  /** Whether to go on after the last event when the connection is lost. */
  readonly resume: boolean;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/**
 * Elements as they arrive. The call has been made when this is there; it is taken back when a `for await` is left
 * early, by `return()`, or by the call's signal.
 */
export class Stream<T> implements AsyncIterableIterator<T> {
  readonly #course: Course<T>;
  #arrived: Waiting[] = [];
  /** Those who wait for the next element, in order. */
  readonly #waiting: { resolve: (result: IteratorResult<T>) => void; reject: (error: unknown) => void }[] = [];
  #call: { connection: Connection; id: number } | undefined;
  /** Elements taken since the last grant. */
  #taken = 0;
  #since: Integer64 | undefined;
  #attempts = 0;
  /** How it ended; an error is told once. */
  #end: { error?: unknown } | undefined;

  constructor(course: Course<T>) {
    this.#course = course;
    course.patience.onOver((error) => this.#giveUp({ error }));
    this.#open();
  }

  /** The next element; an error ends the stream. */
  async next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#hand();
    });
  }

  /** Takes the call back. What has arrived and was not taken is dropped. */
  async return(): Promise<IteratorResult<T>> {
    this.#forget();
    this.#giveUp({});
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #open(): void {
    this.#attempts += 1;
    try {
      const connection = this.#course.connection();
      if (!(connection instanceof Promise) && connection.hasRoom) return this.#begin(connection);
      this.#wait(connection).then(
        (connection) => this.#end ?? this.#begin(connection),
        (error: unknown) => this.#ended({ error }),
      );
    } catch (error) {
      this.#ended({ error });
    }
  }

  async #wait(connection: Connection | Promise<Connection>): Promise<Connection> {
    const there = await connection;
    await there.room();
    return there;
  }

  #begin(connection: Connection): void {
    try {
      const id = this.#course.begin(connection, this.#sink(), this.#since);
      this.#call = { connection, id };
    } catch (error) {
      this.#ended({ error });
    }
  }

  #sink(): Sink {
    return {
      item: (seq, raw, taken) => {
        this.#attempts = 0;
        if (seq !== undefined) this.#since = seq;
        this.#arrive({ arrival: { kind: "item", seq: seq ?? 0, raw }, taken, items: 1 });
      },
      lagged: (missed, next, dropped) => this.#lagged(missed, next, dropped),
      overrun: () => this.#giveUp({ error: overrun() }),
      progress: (progress) => {
        try {
          this.#course.onProgress?.(progress);
        } catch (error) {
          this.#giveUp({ error });
        }
      },
      end: (end) => this.#ended(end),
    };
  }

  #arrive(waiting: Waiting): void {
    this.#arrived.push(waiting);
    this.#hand();
  }

  /** Two notices in a row are one. */
  #lagged(missed: Integer64, next: Integer64, dropped: number): void {
    const last = this.#arrived.at(-1);
    if (last?.arrival.kind === "lagged") {
      last.arrival = { kind: "lagged", missed: add(last.arrival.missed, missed), next };
      last.items += dropped;
    } else {
      this.#arrive({ arrival: { kind: "lagged", missed, next }, taken: () => undefined, items: dropped });
    }
  }

  /** Drops what has arrived and was not taken. */
  #forget(): void {
    for (const { taken } of this.#arrived) taken();
    this.#arrived = [];
  }

  #ended(end: End | { error: unknown }): void {
    this.#call = undefined;
    if (this.#end) return;
    if ("error" in end && this.#goesOn(end.error)) return this.#open();
    this.#finish("error" in end ? { error: end.error } : {});
  }

  /** Whether it is to be opened again: nothing of it ran, or it goes on where it was. */
  #goesOn(error: unknown): boolean {
    if (this.#attempts > RETRIES_MAX) return false;
    const begun = this.#since !== undefined || this.#arrived.length > 0;
    if (this.#course.resume && error instanceof LostError) return mayRetry(error, true);
    return !begun && mayRetry(error, false);
  }

  #giveUp(end: { error?: unknown }): void {
    const call = this.#call;
    this.#call = undefined;
    this.#finish(end);
    call?.connection.session.abandon(call.id);
  }

  #finish(end: { error?: unknown }): void {
    if (this.#end) return;
    this.#end = end;
    this.#course.patience.done();
    this.#hand();
  }

  /** Hands what is there to those who wait. */
  #hand(): void {
    while (this.#waiting.length > 0) {
      const waiting = this.#arrived.shift();
      if (!waiting && !this.#end) return;
      const [first] = this.#waiting;
      try {
        const value = waiting ? this.#take(waiting) : this.#last();
        if (value === undefined) continue;
        this.#waiting.shift();
        first?.resolve(value);
      } catch (error) {
        this.#waiting.shift();
        first?.reject(error);
      }
    }
  }

  #last(): IteratorResult<T> {
    const end = this.#end ?? {};
    if (!("error" in end)) return { value: undefined, done: true };
    this.#end = {};
    throw end.error;
  }

  #take({ arrival, taken, items }: Waiting): IteratorResult<T> | undefined {
    taken();
    if (items > 0) this.#grant(items);
    try {
      const value = this.#course.read(arrival);
      return value === undefined ? undefined : { value, done: false };
    } catch (error) {
      // Whoever cannot read one cannot read the next.
      this.#forget();
      this.#giveUp({ error });
      return undefined;
    }
  }

  /** Half a window at a time: a message for each would be wasteful, with a whole one the sender would run dry. */
  #grant(items: number): void {
    this.#taken += items;
    if (this.#taken < Math.ceil(this.#course.window / 2) || !this.#call) return;
    this.#call.connection.session.grant(this.#call.id, this.#taken);
    this.#taken = 0;
  }
}

function overrun(): CallError {
  const waits = `${ITEMS_HELD_MAX} bytes wait: ask for a smaller window`;
  const message = `the stream is not taken as fast as it comes, and ${waits}`;
  return new CallError("overrun", message, "unknown");
}

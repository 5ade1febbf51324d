/** Calls the methods of the services at the other end, on a connection that comes back when it is lost. */

import type { Socket } from "node:net";

import { closedByUs, Connection } from "../connection/connection.js";
import type { End } from "../connection/outgoing.js";
import { notEncodable, type Opening } from "../connection/session.js";
import type { Description } from "../description/description.js";
import { endOf, HallwayError, mayRetry } from "../errors.js";
import type { Raw } from "../json/read.js";
import { NotWritable, write } from "../json/write.js";
import { RETRIES_MAX, STREAM_WINDOW, STREAM_WINDOW_MAX } from "../limits.js";
import type { Call, Integer64 } from "../protocol/message.js";
import { type Known, Methods, readAnswer, unexpected } from "./methods.js";
import type { CallOptions, StreamOptions, SubscribeOptions } from "./options.js";
import { Patience } from "./patience.js";
import { type Arrival, type Event, Stream } from "./stream.js";

/** Parameters by name. */
export type Params = Readonly<Record<string, unknown>>;

/** A call as it is sent, without its id. */
type Sent = Omit<Call<string>, "kind" | "id">;

/** Reaches the other end, again and again if need be. */
export type Reach = () => Promise<Socket>;

/**
 * A client. Any number of calls are under way at once, up to 1,024; further ones wait for a place.
 *
 * What is known not to have run is sent again by itself on a new connection, three times at most, and so is a call of
 * a method that its description calls idempotent. Any other call whose connection is lost fails with the outcome
 * `unknown`.
 */
export class Client {
  readonly #reach: Reach;
  readonly #opening: Opening;
  readonly #live = new Set<Connection>();
  #methods = new Methods([]);
  #current: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #isClosed = false;
  #keepsAlive = true;

  /** Nothing is connected before the first call. */
  constructor(reach: Reach, opening: Opening) {
    this.#reach = reach;
    this.#opening = opening;
  }

  /** Calls a method, by its whole name: `mail.search`. Throws `ServiceError`, `CallError` or `ReachError`. */
  async call(method: string, params: Params = {}, options: CallOptions = {}): Promise<unknown> {
    const known = this.#methods.of(method);
    const sent = toSend(method, params, options);
    const patience = new Patience(options.signal, options.timeout);
    try {
      let perhapsRan: HallwayError | undefined;
      for (let attempt = 0; ; attempt += 1) {
        try {
          return readAnswer(await this.#attempt(sent, options, patience), known);
        } catch (error) {
          if (attempt === RETRIES_MAX || !mayRetry(error, known.idempotent)) throw endOf(error, perhapsRan);
          if (error instanceof HallwayError && error.outcome === "unknown") perhapsRan = error;
        }
      }
    } finally {
      patience.done();
    }
  }

  /** Calls a method that streams. */
  stream(method: string, params: Params = {}, options: StreamOptions = {}): Stream<unknown> {
    return this.#open(method, params, options, (arrival, known) => {
      return arrival.kind === "item" ? readAnswer(arrival.raw, known) : undefined;
    });
  }

  /** Calls a method that streams numbered events. */
  subscribe(method: string, params: Params = {}, options: SubscribeOptions = {}): Stream<Event<unknown>> {
    return this.#open(method, params, options, (arrival, known): Event<unknown> => {
      if (arrival.kind === "lagged") return arrival;
      return { kind: "item", seq: arrival.seq, value: readAnswer(arrival.raw, known) };
    });
  }

  /** Tells, without waiting for anything to come back: that it was said does not mean that it was heard. */
  async notify(method: string, params: Params = {}, options: Pick<CallOptions, "trace" | "key"> = {}): Promise<void> {
    const connection = await this.#connection();
    await connection.room();
    connection.session.notify(toSend(method, params, options));
  }

  /** Makes the descriptions known that tell how methods answer. */
  learn(descriptions: readonly Description[]): void {
    this.#methods = new Methods(descriptions);
  }

  /** Lets the process end while no call is open. */
  unref(): this {
    return this.#keepAlive(false);
  }

  /** Takes `unref` back: an open client keeps the process alive. */
  ref(): this {
    return this.#keepAlive(true);
  }

  /** Ends the connection. Open calls fail with `closed_by_us`, and are cancelled at the other end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const live = [...this.#live];
    for (const connection of live) connection.close();
    await Promise.all(live.map((connection) => connection.over));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The connection to call on, at once if there is one. */
  #connection(): Connection | Promise<Connection> {
    if (this.#current?.session.outgoing.goesOn) return this.#current;
    if (this.#isClosed) throw closedByUs();
    // Many callers make one connection.
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async #connect(): Promise<Connection> {
    const socket = await this.#reach();
    if (this.#isClosed) {
      socket.destroy();
      throw closedByUs();
    }
    const connection = new Connection(socket, this.#opening);
    connection.keepAlive(this.#keepsAlive);
    this.#live.add(connection);
    void connection.over.then(() => this.#live.delete(connection));
    this.#current = connection;
    return connection;
  }

  async #attempt(sent: Sent, options: CallOptions, patience: Patience): Promise<Raw> {
    if (patience.over) throw patience.over;
    let connection = this.#connection();
    if (connection instanceof Promise) connection = await patience.wait(connection);
    if (!connection.hasRoom) await patience.wait(connection.room());
    return request(connection, sent, options, patience);
  }

  #open<T>(
    method: string,
    params: Params,
    options: SubscribeOptions,
    read: (arrival: Arrival, known: Known) => T | undefined,
  ): Stream<T> {
    const known = this.#methods.of(method);
    const asked = options.window ?? STREAM_WINDOW;
    const window = Math.min(Math.max(1, Math.trunc(asked) || 1), STREAM_WINDOW_MAX);
    const patience = new Patience(options.signal, options.timeout);
    return new Stream<T>({
      connection: () => this.#connection(),
      begin: (connection, sink, since: Integer64 | undefined) => {
        const sent = toSend(method, since === undefined ? params : { ...params, since }, options);
        const id = connection.session.call({ ...sent, window, deadline_ms: patience.left() }, sink);
        patience.sent = true;
        connection.holdProcess();
        return id;
      },
      read: (arrival) => read(arrival, known),
      patience,
      window,
      resume: options.resume ?? false,
      onProgress: options.onProgress,
    });
  }

  #keepAlive(keeps: boolean): this {
    this.#keepsAlive = keeps;
    for (const connection of this.#live) connection.keepAlive(keeps);
    return this;
  }
}

/** One call on one connection. */
function request(connection: Connection, sent: Sent, options: CallOptions, patience: Patience): Promise<Raw> {
  const { session } = connection;
  return new Promise<Raw>((resolve, reject) => {
    const giveUp = (error: unknown): void => {
      reject(error as HallwayError);
      session.abandon(id);
    };
    const id = session.call(withDeadline(sent, patience.left()), {
      item: (_seq, _value, taken) => {
        taken();
        giveUp(streams());
      },
      lagged: () => giveUp(streams()),
      overrun: () => giveUp(streams()),
      progress: (progress) => {
        try {
          options.onProgress?.(progress);
        } catch (error) {
          giveUp(error);
        }
      },
      end: (end: End) => ("value" in end ? resolve(end.value) : reject(end.error)),
    });
    patience.sent = true;
    connection.holdProcess();
    patience.onOver(giveUp);
  });
}

function streams(): HallwayError {
  return unexpected("the method streams, and was called as one that returns once");
}

function withDeadline(sent: Sent, left: number | undefined): Sent {
  return left === undefined ? sent : { ...sent, deadline_ms: left };
}

function toSend(method: string, params: Params, { trace, key }: CallOptions): Sent {
  try {
    return { method, params: write(params), trace, key };
  } catch (error) {
    if (error instanceof NotWritable) throw notEncodable(error);
    throw error;
  }
}

/** Calls that the peer has made and that have not been answered. Does no I/O. */

import { ServiceError, WIRE_CODES } from "../errors.js";
import { type Raw, Unreadable } from "../json/read.js";
import { NotWritable, write } from "../json/write.js";
import { CALLS_OPEN_MAX, CALLS_RUNNING_MAX, DEADLINE_MAX_MS } from "../limits.js";
import type { Call, Integer64, Message, Progress, WireError } from "../protocol/message.js";
import { after } from "../time.js";

/** What a handler knows of the call that it answers. */
export interface ServeContext {
  /** Aborted when nobody waits for the answer any more: taken back, overdue, or the connection has ended. */
  readonly signal: AbortSignal;
  /** Tells the caller how far the call is. */
  progress(progress: Progress): void;
}

/**
 * Answers a call of the peer's. What it returns, or resolves to, is the answer; a `ServiceError` that it throws is the
 * service's no, anything else is `internal`.
 */
// Parameters are `any`: the handler says what it expects.
export type Handler = (params: any, context: ServeContext) => unknown;

/** Handlers by the name of the method, service and all. */
export type Handlers = Readonly<Record<string, Handler>>;

/** Where answers go. Throws `NotWritable`, and `TooLong` for what no frame holds. */
export type Send = (message: Message<string>) => void;

/** A message is longer than a frame may be. */
export class TooLong extends Error {
  override name = "TooLong";

  constructor(
    readonly size: number,
    readonly max: number,
  ) {
    super(`${size} bytes, where ${max} is the most`);
  }
}

export class Incoming {
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly #send: Send;
  /** Whether the peer reads what it is sent. While it does not, no handler begins. */
  readonly #hasRoom: () => boolean;
  readonly #byId = new Map<number, Ticket>();
  readonly #waiting: Ticket[] = [];
  #open = 0;
  #running = 0;
  #closed = false;

  constructor(handlers: Handlers, send: Send, hasRoom: () => boolean) {
    this.#handlers = new Map(Object.entries(handlers));
    this.#send = send;
    this.#hasRoom = hasRoom;
  }

  /** Begins a call of the peer's, or refuses it. */
  begin(call: Call<Raw>): void {
    const { id } = call;
    const handler = this.#handlers.get(call.method);
    if (id !== undefined && this.#byId.has(id)) {
      return this.#refuse(id, "duplicate_id", "a call with this id is still open");
    }
    if (!handler) return this.#refuse(id, "unknown_method", `there is no method ${call.method} here`);
    if (this.#open >= CALLS_OPEN_MAX) {
      return this.#refuse(id, "busy", `${CALLS_OPEN_MAX} calls are open; wait for an answer`, true);
    }
    const ticket = new Ticket(call, handler, (answer) => this.#answer(ticket, answer));
    this.#open += 1;
    if (id !== undefined) this.#byId.set(id, ticket);
    this.#waiting.push(ticket);
    this.pump();
  }

  cancel(id: number): void {
    this.#byId.get(id)?.withdraw("cancelled", "the caller took the call back");
  }

  /** Begins what waits, as far as there is room. */
  pump(): void {
    while (this.#running < CALLS_RUNNING_MAX && this.#hasRoom()) {
      const ticket = this.#waiting.shift();
      if (!ticket) return;
      if (!ticket.isAnswered) void this.#run(ticket);
      else this.#open -= 1;
    }
  }

  /** The connection has ended: nobody waits for an answer. */
  close(): void {
    this.#closed = true;
    for (const ticket of this.#byId.values()) ticket.withdraw("cancelled", "the connection has ended");
    this.#byId.clear();
    this.#waiting.length = 0;
  }

  /** A call counts as open until its handler has returned, whatever it was told. */
  async #run(ticket: Ticket): Promise<void> {
    this.#running += 1;
    await ticket.run((progress) => this.#progress(ticket, progress));
    this.#running -= 1;
    this.#open -= 1;
    this.pump();
  }

  #progress({ id, isAnswered }: Ticket, progress: Progress): void {
    if (id !== undefined && !isAnswered && !this.#closed) this.#send({ kind: "progress", id, progress });
  }

  #answer({ id }: Ticket, answer: Answer): void {
    if (id === undefined) return;
    this.#byId.delete(id);
    if (this.#closed) return;
    try {
      if ("error" in answer) this.#send({ kind: "error", id, error: answer.error });
      else this.#send({ kind: "result", id, value: write(answer.value ?? null) });
    } catch (error) {
      this.#refuseAnswer(id, error);
    }
  }

  #refuseAnswer(id: number, error: unknown): void {
    if (error instanceof TooLong) {
      const { message, size, max } = error;
      const details = { size, max };
      return this.#send({ kind: "error", id, error: { code: "result_too_long", message, details, retryable: false } });
    }
    const message = error instanceof NotWritable ? error.message : "the answer cannot be written";
    this.#refuse(id, "bad_result", message);
  }

  #refuse(id: number | undefined, code: string, message: string, retryable = false): void {
    if (id !== undefined) this.#send({ kind: "error", id, error: { code, message, retryable } });
  }
}

type Answer = { value: unknown } | { error: WireError };

/** One call being served: the right and the duty to answer it once. */
class Ticket {
  readonly id: number | undefined;
  isAnswered = false;
  readonly #abort = new AbortController();
  #stopClock: () => void = () => undefined;

  constructor(
    readonly call: Call<Raw>,
    readonly handler: Handler,
    readonly answer: (answer: Answer) => void,
  ) {
    this.id = call.id;
    if (call.deadline_ms !== undefined) {
      this.#stopClock = after(milliseconds(call.deadline_ms), () => {
        this.withdraw("deadline_exceeded", "the call's deadline passed before it had finished");
      });
    }
  }

  /** Runs the handler to its end. */
  async run(progress: (progress: Progress) => void): Promise<void> {
    try {
      const params = readParams(this.call.params);
      this.#end({ value: await this.handler(params, { signal: this.#abort.signal, progress }) });
    } catch (error) {
      this.#end({ error: inWords(error) });
    }
  }

  /** Nobody waits any more: the handler is told, and the caller. */
  withdraw(code: string, message: string): void {
    this.#end({ error: { code, message, retryable: false } });
    this.#abort.abort(new ServiceError(code, message));
  }

  /** The first answer is the one that counts. */
  #end(answer: Answer): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    this.#stopClock();
    this.answer(answer);
  }
}

/** Parameters that are not an object by name. */
class BadParams extends Error {}

function readParams(raw: Raw | undefined): object {
  const params = raw === undefined ? {} : raw.read();
  if (typeof params === "object" && params !== null && !Array.isArray(params)) return params;
  throw new BadParams("parameters are an object");
}

function inWords(error: unknown): WireError {
  if (error instanceof Unreadable || error instanceof BadParams) {
    return { code: "bad_params", message: error.message, retryable: false };
  }
  // Hallway's own codes are not a handler's to use.
  if (error instanceof ServiceError && !WIRE_CODES.has(error.code)) {
    const { code, message, details, retryable } = error;
    return { code, message, details, retryable };
  }
  // Its own words may hold what the caller must not see.
  return { code: "internal", message: "the handler failed in a way that it does not declare", retryable: false };
}

function milliseconds(deadline: Integer64): number {
  return deadline > DEADLINE_MAX_MS ? DEADLINE_MAX_MS : Number(deadline);
}

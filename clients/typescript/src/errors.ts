/**
 * How a call fails. Codes, outcomes and their meaning are those of `spec/errors.md`, the same in every language.
 *
 * Three classes, one base: the service said no (`ServiceError`), the conversation failed (`CallError`), nobody could
 * be reached (`ReachError`). Programs decide by `code`; people read `message`.
 */

import type { WireError } from "./protocol/message.js";

/** What became of a call: it ran, it did not run, or nobody can say. */
export type Outcome = "completed" | "not_dispatched" | "unknown";

/** What an error knows besides its code and its words. */
export interface ErrorFacts {
  /** Whether the same call may succeed later. */
  retryable?: boolean;
  /** The code's own data. */
  details?: unknown;
  cause?: unknown;
}

/** What all of them have. */
export abstract class HallwayError extends Error {
  override name = "HallwayError";
  /** Stable, for programs. */
  readonly code: string;
  /** What became of the call. */
  readonly outcome: Outcome;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The code's own data. */
  readonly details: unknown;

  constructor(code: string, message: string, outcome: Outcome, facts: ErrorFacts = {}) {
    super(message, "cause" in facts ? { cause: facts.cause } : undefined);
    this.code = code;
    this.outcome = outcome;
    this.retryable = facts.retryable ?? false;
    this.details = facts.details;
  }
}

/** The service's own no: the method ran, and this is its answer. Handlers that serve a peer throw it, too. */
export class ServiceError extends HallwayError {
  override name = "ServiceError";

  constructor(code: string, message = "", facts: ErrorFacts = {}) {
    super(code, message, "completed", facts);
  }
}

/** The conversation failed: a code of hallway's, the connection's end, or an answer of another shape. */
export class CallError extends HallwayError {
  override name = "CallError";
}

/** Nobody could be reached or started; where the daemon said why, code and words are its own. */
export class ReachError extends HallwayError {
  override name = "ReachError";

  constructor(code: string, message: string, facts: ErrorFacts = {}, outcome: Outcome = "not_dispatched") {
    super(code, message, outcome, facts);
  }

  /** The same, for a call that may have run before. */
  afterUnknown(): ReachError {
    const { retryable, details } = this;
    return new ReachError(this.code, this.message, { retryable, details, cause: this.cause }, "unknown");
  }
}

/** Hallway's codes on the wire, and whether the method may have run. Any other code is the service's. */
export const WIRE_CODES: ReadonlyMap<string, "no" | "maybe"> = new Map([
  ["bad_frame", "no"],
  ["frame_too_long", "no"],
  ["bad_message", "no"],
  ["unsupported_version", "no"],
  ["unknown_message", "no"],
  ["unauthorized", "no"],
  ["slow_writer", "no"],
  ["duplicate_id", "no"],
  ["unknown_method", "no"],
  ["not_permitted", "no"],
  ["bad_params", "no"],
  ["busy", "no"],
  ["closing", "no"],
  ["cancelled", "maybe"],
  ["deadline_exceeded", "maybe"],
  ["internal", "maybe"],
  ["result_too_long", "maybe"],
  ["bad_result", "maybe"],
]);

/** The error of a call that the peer answered with one. */
export function fromWire({ code, message, details, retryable }: WireError): HallwayError {
  const words = message === "" ? code : message;
  const ran = WIRE_CODES.get(code);
  if (ran === undefined) return new ServiceError(code, words, { details, retryable });
  return new CallError(code, words, ran === "no" ? "not_dispatched" : "unknown", { details, retryable });
}

/** Why a connection ended. Every call that was open on it hears this. */
export interface Closed {
  code: string;
  reason: string;
}

/** A call whose connection ended. */
export class LostError extends CallError {
  constructor({ code, reason }: Closed, outcome: Outcome) {
    super(code, reason, outcome, { retryable: true });
  }
}

/** Whether a new connection and the same call again may help, as far as that is safe. */
export function mayRetry(error: unknown, idempotent: boolean): boolean {
  if (!(error instanceof CallError)) return false;
  if (!(error instanceof LostError)) return error.code === "closing";
  // Who was not let in would not be let in the next time; who closed it does not want it.
  if (error.code === "unauthorized" || error.code === "closed_by_us") return false;
  return error.outcome === "not_dispatched" || idempotent;
}

/** The end of a call that was made again: what did not run this time may have run before. */
export function endOf(error: unknown, before: HallwayError | undefined): unknown {
  if (!before || !(error instanceof HallwayError) || error.outcome !== "not_dispatched") return error;
  if (error instanceof LostError) return new LostError({ code: error.code, reason: error.message }, "unknown");
  // Of any other but the first, the code says that it did not run.
  return error instanceof ReachError ? error.afterUnknown() : before;
}

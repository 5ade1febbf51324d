/** The message model: what two peers can say to each other. */

import type { Raw } from "../json/read.js";

/** A whole number of up to 64 bits: a `number` where that is exact, a `bigint` beyond 2^53-1. */
export type Integer64 = number | bigint;

/** How far a call is, in the method's own unit. */
export interface Progress {
  done: Integer64;
  total?: Integer64 | undefined;
  message?: string | undefined;
}

/** What each side says of itself. */
export interface Hello {
  program?: string | undefined;
  features?: string[] | undefined;
  token?: string | undefined;
  calls_max?: number | undefined;
  frame_max?: Integer64 | undefined;
}

/** The last word of a peer that is about to close. */
export interface Goaway {
  code: string;
  message: string;
  /** The highest id that was dispatched. */
  last: Integer64;
}

/** An error on the wire. */
export interface WireError {
  code: string;
  message: string;
  details?: unknown;
  retryable: boolean;
}

/** A call or, without `id`, a notification. */
export interface Call<P> {
  kind: "call";
  id?: number | undefined;
  method: string;
  params?: P | undefined;
  deadline_ms?: Integer64 | undefined;
  window?: number | undefined;
  trace?: string | undefined;
  key?: string | undefined;
}

/** One message. `P` is what a payload is: raw as it is received, text as it is sent. */
export type Message<P> =
  | Call<P>
  | { kind: "hello"; hello: Hello }
  | { kind: "goaway"; goaway: Goaway }
  | { kind: "result"; id: number; value: P }
  | { kind: "error"; id?: number | undefined; error: WireError }
  | { kind: "item"; id: number; seq?: Integer64 | undefined; value: P }
  | { kind: "lagged"; id: number; missed: Integer64; next: Integer64 }
  | { kind: "progress"; id: number; progress: Progress }
  | { kind: "cancel"; id: number }
  | { kind: "grant"; id: number; items: number }
  | { kind: "unknown"; id?: number | undefined };

/** A message as it is received. */
export type Received = Message<Raw>;

/** A body that cannot be acted on, and what its sender is told. */
export class Refusal extends Error {
  override name = "Refusal";

  constructor(
    readonly code: string,
    message: string,
    /** Whom the refusal goes to. */
    readonly id?: number,
    readonly details?: unknown,
    /** Whether it spoke of a call that its receiver has made; `undefined` if that cannot be told. */
    readonly answers?: boolean,
  ) {
    super(message);
  }
}

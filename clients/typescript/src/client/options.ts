import type { Progress } from "../protocol/message.js";

/** What goes along with a call. */
export interface CallOptions {
  /** Aborting it takes the call back, on the wire too; the call fails with `cancelled`. */
  signal?: AbortSignal | undefined;
  /** How long to wait, in milliseconds, 30 days at most; then `deadline_exceeded`. For ever if not said. */
  timeout?: number | undefined;
  /** Hears how far the call is. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** An idempotency key: two calls with the same key have one effect, where the method keeps keys. */
  key?: string | undefined;
  /** A W3C `traceparent`. */
  trace?: string | undefined;
}

/** What goes along with a stream. */
export interface StreamOptions extends CallOptions {
  /** How many items may be on the way, 1 to 65,536; 64 if not said. */
  window?: number | undefined;
}

/** What goes along with a subscription. */
export interface SubscribeOptions extends StreamOptions {
  /** If the connection is lost, subscribe again and go on after the last event. A gap is told as `lagged`. */
  resume?: boolean | undefined;
}

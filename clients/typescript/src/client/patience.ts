/** How long one caller waits: until its signal is aborted, or its time is over. */

import { CallError } from "../errors.js";
import { DEADLINE_GRACE_MS, DEADLINE_MAX_MS } from "../limits.js";
import { after } from "../time.js";

export class Patience {
  /** Why the caller waits no longer. */
  over: CallError | undefined;
  /** Whether anything of the call has been sent. */
  sent = false;
  readonly #signal: AbortSignal | undefined;
  readonly #deadline: number | undefined;
  #stopClock: (() => void) | undefined;
  #onOver: ((error: CallError) => void) | undefined;

  constructor(signal: AbortSignal | undefined, timeout: number | undefined) {
    this.#signal = signal;
    if (signal?.aborted) {
      this.#abort();
      return;
    }
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (timeout !== undefined) {
      if (!(timeout >= 0)) throw new RangeError(`a timeout is a number of milliseconds, not ${timeout}`);
      const time = Math.min(timeout, DEADLINE_MAX_MS);
      this.#deadline = performance.now() + time;
      this.#stopClock = after(time + DEADLINE_GRACE_MS, () => this.#end(late(time)));
    }
  }

  /** What is left for the peer, in whole milliseconds, rounded up: it must not give up before the caller does. */
  left(): number | undefined {
    return this.#deadline === undefined ? undefined : Math.max(0, Math.ceil(this.#deadline - performance.now()));
  }

  /** Waits for something, as long as there is patience. */
  async wait<T>(something: Promise<T>): Promise<T> {
    if (this.over) throw this.over;
    if (!this.#signal && this.#deadline === undefined) return something;
    return new Promise<T>((resolve, reject) => {
      this.#onOver = reject;
      something.then(resolve, reject);
    });
  }

  /** Acts when patience is over, in place of what would have been done before. */
  onOver(act: (error: CallError) => void): void {
    if (this.over) act(this.over);
    else this.#onOver = act;
  }

  /** The call has ended: nobody waits any more. */
  done(): void {
    this.#stopClock?.();
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#onOver = undefined;
  }

  readonly #abort = (): void => {
    const outcome = this.sent ? "unknown" : "not_dispatched";
    const cause: unknown = this.#signal?.reason;
    this.#end(new CallError("cancelled", "the caller took the call back", outcome, { cause }));
  };

  #end(error: CallError): void {
    const act = this.#onOver;
    this.over ??= error;
    this.done();
    act?.(error);
  }
}

function late(milliseconds: number): CallError {
  const message = `the call was given ${milliseconds} ms and had not ended by then`;
  return new CallError("deadline_exceeded", message, "unknown");
}

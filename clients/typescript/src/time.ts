/** Clocks that take what a timer of Node's does not. */

/** What a timer takes at most: 24.8 days; more would be over at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Acts after so many milliseconds, however many; returns what stops it. */
export function after(milliseconds: number, act: () => void): () => void {
  const at = performance.now() + milliseconds;
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    const over = (): void => (left > TIMER_MAX_MS ? wait(at - performance.now()) : act());
    timer = setTimeout(over, Math.min(left, TIMER_MAX_MS));
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
}

/**
 * A walk to the end of the JSON object or list that stands at the start of some bytes, in whatever pieces they come.
 * Nothing is checked but what it takes to find that end: quotes, escapes, and brackets of the kind that it begins with.
 */
export class Walk {
  #at = 0;
  #depth = 0;
  #inText = false;

  /** Where it ends, once it does. `input` begins as it did the last time. */
  end(input: Uint8Array): number | undefined {
    const open = input[0];
    if (open !== 0x7b && open !== 0x5b) return undefined;
    const close = open + 2;
    while (this.#at < input.length) {
      const byte = input[this.#at];
      this.#at += 1;
      if (this.#inText) {
        // And what is escaped.
        if (byte === 0x5c) this.#at += 1;
        else if (byte === 0x22) this.#inText = false;
      } else if (byte === 0x22) {
        this.#inText = true;
      } else if (byte === open) {
        this.#depth += 1;
      } else if (byte === close) {
        this.#depth -= 1;
        if (this.#depth === 0) return this.#at;
      }
    }
    return undefined;
  }
}

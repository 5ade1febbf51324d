/**
 * A walk to the end of the JSON object or list that stands at the start of some bytes, in whatever pieces they come.
 * Nothing is checked but what it takes to find that end: quotes, escapes, and brackets of the kind that it begins with.
 */
export class Walk {
  /** The bracket that it begins with. What begins with another byte has no end that could be found. */
  #first: number | undefined;
  #passed = 0;
  #depth = 0;
  #inText = false;
  /** The next byte is escaped. */
  #escaped = false;

  /** Where it ends, once it does. `input` begins as it did the last time. */
  end(input: Uint8Array): number | undefined {
    const passed = this.#passed;
    const end = this.on(input.subarray(passed));
    return end === undefined ? undefined : passed + end;
  }

  /** Where in the next piece it ends, if it does there. */
  on(piece: Uint8Array): number | undefined {
    this.#first ??= piece[0];
    const open = this.#first;
    if (open !== 0x7b && open !== 0x5b) return undefined;
    const close = open + 2;
    let at = this.#escaped ? 1 : 0;
    while (at < piece.length) {
      const byte = piece[at];
      at += 1;
      if (this.#inText) {
        // And what is escaped.
        if (byte === 0x5c) at += 1;
        else if (byte === 0x22) this.#inText = false;
      } else if (byte === 0x22) {
        this.#inText = true;
      } else if (byte === open) {
        this.#depth += 1;
      } else if (byte === close) {
        this.#depth -= 1;
        if (this.#depth === 0) {
          this.#passed += at;
          return at;
        }
      }
    }
    this.#escaped = at > piece.length;
    this.#passed += piece.length;
    return undefined;
  }
}

/** The room that one connection has for items that wait for those who take them. */

import { ITEM_COST, ITEMS_HELD_MAX } from "../limits.js";

export class Room {
  #held = 0;

  /** Makes room for an item of so many bytes; what is returned gives it back, once. `undefined`: there is none. */
  hold(bytes: number): (() => void) | undefined {
    let size = bytes + ITEM_COST;
    if (this.#held + size > ITEMS_HELD_MAX) return undefined;
    this.#held += size;
    return () => {
      this.#held -= size;
      size = 0;
    };
  }
}

/** Four bytes of length, big-endian, then the body. */

import { FRAME_SKIP_MAX } from "../limits.js";
import { BadFrame, type Framing, MORE } from "./framing.js";

export const length: Framing = {
  name: "length",

  scan(input, _seen, max) {
    if (input.length < PREFIX) return MORE;
    const size = input.readUInt32BE(0);
    if (size === 0) throw new BadFrame("a message of no bytes");
    if (size > FRAME_SKIP_MAX) throw new BadFrame(`a message of ${size} bytes is announced: no length`);
    if (size > max) return { kind: "too_long", start: PREFIX, rest: size };
    const end = PREFIX + size;
    return input.length < end ? MORE : { kind: "frame", start: PREFIX, stop: end, end };
  },

  frame(body) {
    const size = Buffer.byteLength(body);
    const frame = Buffer.allocUnsafe(PREFIX + size);
    frame.writeUInt32BE(size, 0);
    frame.write(body, PREFIX);
    return frame;
  },
};

const PREFIX = 4;

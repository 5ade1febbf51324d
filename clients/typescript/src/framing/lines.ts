/**
 * One message per line, ended by a line feed; a carriage return before it and blanks before a message are ignored.
 *
 * A message that is an object or a list also ends where that does: some write no line feed, and wait for the answer.
 */

import { type Framing, MORE } from "./framing.js";
import { Walk } from "./walk.js";

export const lines: Framing = {
  name: "lines",

  scan(input, seen, max) {
    const blank = input.findIndex((byte) => !BLANK.includes(byte));
    if (blank !== 0) return { kind: "blank", end: blank < 0 ? input.length : blank };
    const lineFeed = input.indexOf(LINE_FEED, seen.bytes);
    const line = lineFeed < 0 ? input : input.subarray(0, lineFeed);
    seen.bytes = line.length;
    const end = seen.walk.end(line);
    if (end !== undefined && end <= max) return { kind: "frame", start: 0, stop: end, end };
    // Of a line that has not ended, the last byte may be the carriage return that does not count.
    const stop = line.at(-1) === RETURN ? line.length - 1 : line.length;
    if (stop > max) return { kind: "too_long", start: 0, rest: new Walk() };
    return lineFeed < 0 ? MORE : { kind: "frame", start: 0, stop, end: lineFeed + 1 };
  },

  frame(body) {
    return Buffer.from(`${body}\n`);
  },
};

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
/** What JSON may have around a value. */
const BLANK = [0x20, 0x09, RETURN, LINE_FEED];

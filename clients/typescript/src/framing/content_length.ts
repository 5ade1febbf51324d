/** `Content-Length: N`, other headers, an empty line, then N bytes: the base protocol of LSP and DAP. */

import { FRAME_SKIP_MAX, HEADER_MAX } from "../limits.js";
import { BadFrame, type Framing, MORE } from "./framing.js";

export const contentLength: Framing = {
  name: "content_length",

  scan(input, seen, max) {
    // The end mark may straddle what was seen and what is new.
    const header = input.indexOf(END, Math.max(0, seen.bytes - (END.length - 1)), "latin1");
    const soFar = header < 0 ? input : input.subarray(0, header);
    seen.bytes = soFar.length;
    // Of a block that has not ended, the last bytes may be a part of the end mark.
    const longest = header < 0 ? HEADER_MAX + END.length - 1 : HEADER_MAX;
    if (soFar.length > longest) throw new BadFrame(`headers of more than ${HEADER_MAX} bytes`);
    // The end of such a block would be waited for in vain.
    if (/(^|[^\r])\n/.test(soFar.toString("latin1"))) {
      throw new BadFrame("a header line that ends in a line feed alone, not in CR LF");
    }
    if (header < 0) return MORE;
    const size = announced(soFar);
    const start = header + END.length;
    if (size === 0) throw new BadFrame("a message of no bytes");
    if (size > FRAME_SKIP_MAX) throw new BadFrame(`a message of ${size} bytes is announced: no length`);
    if (size > max) return { kind: "too_long", start, rest: size };
    const end = start + size;
    return input.length < end ? MORE : { kind: "frame", start, stop: end, end };
  },

  frame(body) {
    return Buffer.from(`Content-Length: ${Buffer.byteLength(body)}${END}${body}`);
  },
};

/** The value of the one `Content-Length` header, in any letter case. */
function announced(header: Buffer): number {
  let length: number | undefined;
  for (const line of utf8(header).split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) throw new BadFrame("a header line without a colon");
    if (trim(line.slice(0, colon)).toLowerCase() !== "content-length") continue;
    const value = trim(line.slice(colon + 1));
    if (!/^[0-9]+$/.test(value)) throw new BadFrame("Content-Length is not a number");
    if (length !== undefined) throw new BadFrame("Content-Length stands there twice");
    length = Number(value);
  }
  if (length === undefined) throw new BadFrame("Content-Length is missing");
  return length;
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BadFrame("the headers are not text");
  }
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

const END = "\r\n\r\n";

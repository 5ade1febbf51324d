/** Every framing, by its name in options. */

import { contentLength } from "./content_length.js";
import { length } from "./length.js";
import { lines } from "./lines.js";

export const FRAMINGS = { length, lines, content_length: contentLength };

/** The name of a framing. */
export type FramingName = keyof typeof FRAMINGS;

/** The fenced blocks of a page. */

import { readFileSync } from "node:fs";

export interface Block {
  language: string;
  text: string;
}

export function blocks(path: string): Block[] {
  const page = readFileSync(path, "utf8");
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = "", text = ""]) => ({ language, text }));
}

/**
 * The grammar of JSON (RFC 8259), checked without building anything: where a value ends, and what about it a reader
 * has to know. Nothing here recurses, so that a value may nest as deep as its sender likes.
 */

import { DEPTH_MAX } from "../limits.js";

/** The text is not JSON. */
export class NotJson extends Error {
  override name = "NotJson";
}

/** What a scanned value holds that `JSON.parse` would take without a word. */
export interface Facts {
  /** How many lists and objects stand in each other. */
  depth: number;
  /** How many values there are: itself, and of lists and objects all that is in them. */
  values: number;
  /** A whole number that a JavaScript number would round. */
  unsafeInteger: boolean;
  /** A number that is larger than a double can be. */
  hugeNumber: boolean;
  /** Half of a surrogate pair, which is no text. */
  loneSurrogate: boolean;
}

/** Walks over one text. */
export class Scanner {
  at = 0;

  constructor(readonly text: string) {}

  /** Goes over spaces, tabs and line ends. */
  blanks(): void {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code !== SPACE && code !== LINE_FEED && code !== TAB && code !== RETURN) return;
      this.at += 1;
    }
  }

  /** Takes one character if it is the next one. */
  takes(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false;
    this.at += 1;
    return true;
  }

  expect(code: number): void {
    if (!this.takes(code)) throw this.wrong(`\`${String.fromCharCode(code)}\` is missing`);
  }

  /** Nothing may stand here but blanks. */
  end(): void {
    this.blanks();
    if (this.at < this.text.length) throw this.wrong("something stands behind the value");
  }

  /** Goes over one value, with the blanks before it. */
  value(): Facts {
    const facts: Facts = { depth: 0, values: 0, unsafeInteger: false, hugeNumber: false, loneSurrogate: false };
    const open = new Brackets();
    for (;;) {
      facts.values += 1;
      this.blanks();
      const code = this.text.charCodeAt(this.at);
      if (code === BRACE || code === BRACKET) {
        this.at += 1;
        const close = code + 2;
        open.push(close);
        facts.depth = Math.max(facts.depth, open.depth);
        this.blanks();
        if (!this.takes(close)) {
          if (close === BRACE_END) this.#name(facts);
          continue;
        }
        open.pop();
      } else {
        this.#scalar(code, facts);
      }
      if (!this.#goesOn(open, facts)) return facts;
    }
  }

  /** Goes over one text, its quotes included. Tells whether it holds half of a surrogate pair. */
  string(): boolean {
    this.expect(QUOTE);
    const { text } = this;
    let lone = false;
    for (;;) {
      const code = text.charCodeAt(this.at);
      this.at += 1;
      if (code === QUOTE) return lone;
      if (code === BACKSLASH) lone = this.#escape() || lone;
      // Also at the end of the text, where there is no code.
      else if (!(code >= SPACE)) throw this.wrong("a text that does not end, or a control character in it");
    }
  }

  wrong(what: string): NotJson {
    return new NotJson(`${what}, at character ${this.at}`);
  }

  /** What follows a value: the end of its list or object, any number of them, or the next value. */
  #goesOn(open: Brackets, facts: Facts): boolean {
    for (;;) {
      const close = open.last;
      if (close === undefined) return false;
      this.blanks();
      if (this.takes(COMMA)) {
        if (close === BRACE_END) this.#name(facts);
        return true;
      }
      if (!this.takes(close)) throw this.wrong(`\`,\` or \`${String.fromCharCode(close)}\` is missing`);
      open.pop();
    }
  }

  /** A member's name, with the blanks around it and the colon. */
  #name(facts: Facts): void {
    this.blanks();
    if (this.string()) facts.loneSurrogate = true;
    this.blanks();
    this.expect(COLON);
  }

  #scalar(code: number, facts: Facts): void {
    if (code === QUOTE) {
      if (this.string()) facts.loneSurrogate = true;
    } else if (code === MINUS || isDigit(code)) {
      this.#number(facts);
    } else {
      const word = WORDS.find((word) => this.text.startsWith(word, this.at));
      if (word === undefined) throw this.wrong("no value");
      this.at += word.length;
    }
  }

  #number(facts: Facts): void {
    const start = this.at;
    this.takes(MINUS);
    const first = this.at;
    if (!this.takes(ZERO)) this.#digits();
    const digits = this.at - first;
    const point = this.takes(POINT);
    if (point) this.#digits();
    const exponent = this.takes(SMALL_E) || this.takes(CAPITAL_E);
    if (exponent) {
      if (!this.takes(PLUS)) this.takes(MINUS);
      this.#digits();
    }
    const whole = !point && !exponent;
    if (digits < SAFE_DIGITS && !exponent) return;
    const number = Number(this.text.slice(start, this.at));
    if (!Number.isFinite(number)) facts.hugeNumber = true;
    else if (whole && !Number.isSafeInteger(number)) facts.unsafeInteger = true;
  }

  #digits(): void {
    if (!isDigit(this.text.charCodeAt(this.at))) throw this.wrong("a digit is missing");
    while (isDigit(this.text.charCodeAt(this.at))) this.at += 1;
  }

  /** What follows a backslash. Tells whether it is half of a surrogate pair, without the other half. */
  #escape(): boolean {
    const code = this.text.charCodeAt(this.at);
    this.at += 1;
    if (code !== SMALL_U) {
      if (ESCAPED.includes(String.fromCharCode(code))) return false;
      throw this.wrong("an unknown escape");
    }
    const unit = this.#unit();
    if (unit < 0xd800 || unit > 0xdfff) return false;
    if (unit > 0xdbff || !this.text.startsWith("\\u", this.at)) return true;
    const before = this.at;
    this.at += 2;
    const low = this.#unit();
    if (low >= 0xdc00 && low <= 0xdfff) return false;
    this.at = before;
    return true;
  }

  #unit(): number {
    const digits = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.wrong("`\\u` needs four hexadecimal digits");
    this.at += 4;
    return Number.parseInt(digits, 16);
  }
}

/** The brackets that close what is open. A byte for each: a peer may send millions, and a list of numbers has eight. */
class Brackets {
  depth = 0;
  #codes = new Uint8Array(DEPTH_MAX);

  get last(): number | undefined {
    return this.depth === 0 ? undefined : this.#codes[this.depth - 1];
  }

  push(code: number): void {
    if (this.depth === this.#codes.length) {
      const more = new Uint8Array(2 * this.depth);
      more.set(this.#codes);
      this.#codes = more;
    }
    this.#codes[this.depth] = code;
    this.depth += 1;
  }

  pop(): void {
    this.depth -= 1;
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

export const BRACE = 0x7b;
export const BRACE_END = 0x7d;
export const BRACKET = 0x5b;
export const BRACKET_END = 0x5d;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const SMALL_E = 0x65;
const CAPITAL_E = 0x45;
const SMALL_U = 0x75;

/** So many digits may be more than 2^53. */
const SAFE_DIGITS = 16;
const WORDS = ["true", "false", "null"];
const ESCAPED = '"\\/bfnrt';

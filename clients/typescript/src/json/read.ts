/** Values from JSON, exactly: no number is rounded that was written as a whole one. */

import { DEPTH_MAX, NODES_MAX } from "../limits.js";
import { BRACE, BRACE_END, BRACKET, BRACKET_END, COLON, COMMA, type Facts, QUOTE, Scanner } from "./scan.js";

/** The text is JSON, and no value that can be held. */
export class Unreadable extends Error {
  override name = "Unreadable";
}

/** One value that nobody has looked into yet: it is known to be JSON, and stands in `text` as it was sent. */
export class Raw {
  constructor(
    readonly text: string,
    readonly facts: Facts,
  ) {}

  /** Names a text as one value, blanks around it allowed. Throws `NotJson`. */
  static of(text: string): Raw {
    const scanner = new Scanner(text);
    const facts = scanner.value();
    scanner.end();
    return new Raw(text, facts);
  }

  /** The same in a text of its own: as a part of another one, it would keep that in memory. */
  alone(): Raw {
    return new Raw(Buffer.from(this.text).toString(), this.facts);
  }

  get isNull(): boolean {
    return this.text === "null";
  }

  /** Reads the value. A whole number beyond 2^53 is a `bigint`. Throws `Unreadable`. */
  read(): unknown {
    const { text, facts } = this;
    this.#bounded();
    if (facts.loneSurrogate) throw new Unreadable("half of a surrogate pair is no text");
    if (facts.hugeNumber) throw new Unreadable("a number is larger than can be held");
    return facts.unsafeInteger ? new ExactReader(text).value() : JSON.parse(text);
  }

  /** The members of an object, in order, with their names read. `undefined` if it is none. Throws `Unreadable`. */
  members(): [name: string, value: Raw][] | undefined {
    this.#bounded();
    const scanner = new Scanner(this.text);
    scanner.blanks();
    if (!scanner.takes(BRACE)) return undefined;
    const found: [string, Raw][] = [];
    eachMember(scanner, (name, value) => found.push([name, value]));
    return found;
  }

  #bounded(): void {
    const { depth, values } = this.facts;
    if (depth > DEPTH_MAX) throw new Unreadable(`the value is more than ${DEPTH_MAX} levels deep`);
    if (values > NODES_MAX) throw new Unreadable(`there are more than ${NODES_MAX} values in it`);
  }
}

/** Hands over the members of an object that was begun, up to its end. Throws `NotJson` where it is broken. */
export function eachMember(scanner: Scanner, each: (name: string, value: Raw) => void): void {
  scanner.blanks();
  if (scanner.takes(BRACE_END)) return;
  for (;;) {
    scanner.blanks();
    const start = scanner.at;
    if (scanner.string()) throw scanner.wrong("half of a surrogate pair in a member's name");
    const name = unquote(scanner.text.slice(start, scanner.at));
    scanner.blanks();
    scanner.expect(COLON);
    scanner.blanks();
    const from = scanner.at;
    const facts = scanner.value();
    each(name, new Raw(scanner.text.slice(from, scanner.at), facts));
    scanner.blanks();
    if (scanner.takes(BRACE_END)) return;
    scanner.expect(COMMA);
  }
}

/** Reads what `JSON.parse` would round. The text has been scanned, so that nothing is wrong with it. */
class ExactReader {
  readonly #scanner: Scanner;

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  value(): unknown {
    const scanner = this.#scanner;
    scanner.blanks();
    const start = scanner.at;
    if (scanner.takes(BRACE)) return this.#object();
    if (scanner.takes(BRACKET)) return this.#list();
    scanner.value();
    const text = scanner.text.slice(start, scanner.at);
    if (!/^-?[0-9]+$/.test(text)) return JSON.parse(text);
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text);
  }

  #object(): Record<string, unknown> {
    const scanner = this.#scanner;
    const members: Record<string, unknown> = {};
    scanner.blanks();
    while (!scanner.takes(BRACE_END)) {
      scanner.blanks();
      const start = scanner.at;
      scanner.string();
      const name = unquote(scanner.text.slice(start, scanner.at));
      scanner.blanks();
      scanner.expect(COLON);
      // By definition rather than assignment: `__proto__` is a member like any other.
      const attributes = { writable: true, enumerable: true, configurable: true };
      Object.defineProperty(members, name, { value: this.value(), ...attributes });
      scanner.blanks();
      scanner.takes(COMMA);
    }
    return members;
  }

  #list(): unknown[] {
    const scanner = this.#scanner;
    const elements: unknown[] = [];
    scanner.blanks();
    while (!scanner.takes(BRACKET_END)) {
      elements.push(this.value());
      scanner.blanks();
      scanner.takes(COMMA);
    }
    return elements;
  }
}

function unquote(text: string): string {
  const plain = text.charCodeAt(0) === QUOTE && !text.includes("\\");
  return plain ? text.slice(1, -1) : (JSON.parse(text) as string);
}

/** Which daemon: a service name and, where there are several, an instance name. */

import { ReachError } from "../errors.js";

/** The most bytes of a service name or of an instance name. */
const NAME_MAX = 64;

/** The most bytes of both together with the `@`: the socket's path through a descriptor must fit into an address. */
const STEM_MAX = 80;

export class Instance {
  private constructor(
    readonly service: string,
    readonly name: string | undefined,
  ) {}

  /** Reads `mail` or `mail@work`. Throws `bad_name`. */
  static parse(text: string): Instance {
    const at = text.indexOf("@");
    const [service, name] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
    check("service", service);
    if (name !== undefined) check("instance", name);
    if (text.length > STEM_MAX) throw bad("instance", text, `service and instance together may have ${STEM_MAX} bytes`);
    return new Instance(service, name);
  }

  /** What its files are called before their suffix. */
  get stem(): string {
    return this.name === undefined ? this.service : `${this.service}@${this.name}`;
  }
}

function check(what: string, name: string): void {
  if (name === "") throw bad(what, name, "it is empty");
  if (!/^[a-z0-9]/.test(name)) throw bad(what, name, "it begins with one of a-z and 0-9");
  if (/[^a-z0-9._-]/.test(name)) throw bad(what, name, "it consists of a-z, 0-9, `.`, `_` and `-`");
  if (name.length > NAME_MAX) throw bad(what, name, `it may have ${NAME_MAX} bytes`);
}

function bad(what: string, given: string, rule: string): ReachError {
  return new ReachError("bad_name", `${JSON.stringify(given)} is not a usable ${what} name: ${rule}`);
}

/** A service's methods as functions, made from its description. */

import type { Description, Method } from "../description/description.js";
import type { Client, Params } from "./client.js";
import type { SubscribeOptions } from "./options.js";

/** One method: parameters by name, then options. What it returns is told by its kind. */
// What is not described in types is `any`.
export type AnyMethod = (params?: Params, options?: SubscribeOptions) => any;

/** The methods of a service that is known only when the program runs. */
export type AnyService = Record<string, AnyMethod>;

/** Puts a service's methods onto an object, but for the names that it has already. */
export function addMethods(to: object, client: Client, { name, methods }: Description): void {
  for (const method of methods) {
    // A `then` would make a promise of it.
    if (method.name in to || method.name === "then") continue;
    const value = toFunction(client, `${name}.${method.name}`, method);
    Object.defineProperty(to, method.name, { value, enumerable: true });
  }
}

function toFunction(client: Client, whole: string, { name, kind }: Method): AnyMethod {
  const call = how(client, kind);
  const method: AnyMethod = (params, options) => call(whole, params, options);
  return Object.defineProperty(method, "name", { value: name });
}

function how(client: Client, kind: string): (method: string, params?: Params, options?: SubscribeOptions) => unknown {
  switch (kind) {
    case "stream":
      return (...call) => client.stream(...call);
    case "subscription":
      return (...call) => client.subscribe(...call);
    case "notification":
      return (...call) => client.notify(...call);
    default:
      return (...call) => client.call(...call);
  }
}

import { BadDescription, type Description, isReserved, readDescriptions } from "../description/description.js";
import type { Handlers } from "../connection/incoming.js";
import { ReachError } from "../errors.js";
import { FRAMINGS, type FramingName } from "../framing/all.js";
import { Env, type Variables } from "../lifecycle/env.js";
import { Instance } from "../lifecycle/instance.js";
import { reach, REACH_DEADLINE_MS } from "../lifecycle/reach.js";
import type { Phase } from "../lifecycle/words.js";
import { CALLS_OPEN_MAX, FRAME_MAX } from "../limits.js";
import { toAddress } from "../transport/address.js";
import { Client, type Reach } from "./client.js";
import { unexpected } from "./methods.js";
import { addMethods, type AnyService } from "./service.js";

/** How a client is made. */
export interface ConnectOptions {
  /** Whether the daemon is started if none runs, now and at every reconnect; yes if not said. */
  start?: boolean;
  /** How long a daemon may take to answer or to come up, in milliseconds; 30,000 if not said. */
  within?: number;
  /** Hears what a daemon is busy with that this client has started. */
  onPhase?: (phase: Phase) => void;
  /** Gives up connecting when aborted. */
  signal?: AbortSignal;
  /** What the other end may call on this connection, by the whole name of the method. */
  serve?: Handlers;
  /** This program's name and version, for the other end's log. */
  program?: string;
  /** The secret of a listener on TCP. */
  token?: string;
  /** Where messages end: `length`, or for those who want to read along, `lines` or `content_length`. */
  framing?: FramingName;
  /** The environment that decides where things are, in place of the process's own. */
  env?: Variables;
}

/** A client that knows what the other end offers. */
export class DescribedClient extends Client {
  /** What the services at the other end were when this client connected. */
  descriptions: readonly Description[] = [];

  override learn(descriptions: readonly Description[]): void {
    super.learn(descriptions);
    this.descriptions = descriptions;
  }

  /** The methods of one service by their names alone. Throws if there is no such service. */
  service<S = AnyService>(name: string): S {
    const description = this.descriptions.find((each) => each.name === name);
    if (!description) throw new TypeError(`there is no service ${name} here`);
    // No prototype: every name is the service's.
    const service = Object.create(null) as object;
    addMethods(service, this, description);
    return service as S;
  }
}

/** A client, and the methods of its service on it. */
export type Connected<S> = DescribedClient & S;

/**
 * Connects to a daemon by its instance's name, and starts it if none runs; any number of processes may do so at once.
 * Or to an address: `unix:/path`, `tcp:127.0.0.1:PORT`.
 *
 * The methods of the service of that name (at an address, of the only service) are functions of the client:
 * `client.search({ query: "from:alice" })`. Those of others are found by `client.service(name)`; everything can be
 * called by its whole name, `client.call("mail.search", { query: "from:alice" })`.
 *
 * Throws `ReachError` if nobody can be reached.
 */
export async function connect<S = AnyService>(to: string, options: ConnectOptions = {}): Promise<Connected<S>> {
  const address = toAddress(to);
  const instance = address ? undefined : Instance.parse(to);
  const client = new DescribedClient(address ?? byName(to, options), {
    framing: FRAMINGS[options.framing ?? "length"],
    hello: {
      program: options.program ?? PROGRAM,
      token: options.token,
      calls_max: CALLS_OPEN_MAX,
      frame_max: FRAME_MAX,
    },
    handlers: options.serve ?? {},
  });
  try {
    const descriptions = await describe(client, options);
    client.learn(descriptions);
    const own = descriptions.filter(({ name }) => (instance ? name === instance.service : !isReserved(name)));
    if (own[0] && own.length === 1) addMethods(client, client, own[0]);
    return client as Connected<S>;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Asks what there is, in one write with the first `hello`. */
async function describe(client: Client, { signal, within }: ConnectOptions): Promise<Description[]> {
  // Asking twice is the same as once.
  const answer = await client.call("hallway.describe", {}, { signal, timeout: within ?? REACH_DEADLINE_MS });
  try {
    return readDescriptions(answer);
  } catch (error) {
    throw error instanceof BadDescription ? unexpected(error.message) : error;
  }
}

function byName(name: string, options: ConnectOptions): Reach {
  const instance = Instance.parse(name);
  if (process.geteuid === undefined) {
    throw new ReachError("no_dir", "there are no Unix sockets with an owner on this system; give a `tcp:` address");
  }
  return () =>
    reach({
      env: new Env(options.env),
      instance,
      start: options.start ?? true,
      within: options.within ?? REACH_DEADLINE_MS,
      onPhase: options.onPhase ?? (() => undefined),
      signal: options.signal,
    });
}

/** What this client says of itself if the program says nothing. */
const PROGRAM = "hallway-typescript 0.1.0";

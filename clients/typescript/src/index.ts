/**
 * Talks to hallway daemons, and starts them.
 *
 * `connect` is where everything begins; `README.md` shows what there is.
 */

export { connect, type Connected, type ConnectOptions, DescribedClient } from "./client/connect.js";
export { Client, type Params } from "./client/client.js";
export type { CallOptions, StreamOptions, SubscribeOptions } from "./client/options.js";
export type { AnyMethod, AnyService } from "./client/service.js";
export { type Event, Stream } from "./client/stream.js";
export type { Handler, Handlers, ServeContext } from "./connection/incoming.js";
export type { Description, ErrorCode, Method, Param, Schema } from "./description/description.js";
export { CallError, type ErrorFacts, HallwayError, type Outcome, ReachError, ServiceError } from "./errors.js";
export type { FramingName } from "./framing/all.js";
export type { Variables } from "./lifecycle/env.js";
export type { Phase } from "./lifecycle/words.js";
export type { Integer64, Progress } from "./protocol/message.js";

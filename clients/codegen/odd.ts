// Written by hallway-codegen from the description of odd_names 3.1. Not to be edited: write it anew.

import type * as hallway from "hallway";

export type Either = Tree | Event | null;

export type Event = {
  class?: string;
  n: number;
  "odd name"?: number | null;
};

/** How much. */
export type Level = "low" | "high";

export type NotFound = {
  near?: string | null;
  what: string;
};

export type Shape = "None" | {
  circle: number;
} | {
  boxed: {
    high?: hallway.Integer64 | null;
    wide: hallway.Integer64;
  };
};

/** What becomes of a job. */
export type State = "waiting" | {
  running: {
    percent: number;
  };
} | {
  done: Event;
} | (string & {}) | { [name: string]: unknown };

export type Tagged = {
  type: "a";
  x: string;
};

/** A tree. */
export type Tree = {
  below: Tree[];
  by_name: { [name: string]: Tree };
  /** What it holds. */
  leaf: Uint8Array;
  left?: Tree | null;
  self: boolean;
  shape: Shape;
  tagged: Tagged;
};

/** How OddNames says no: the `code` of a `ServiceError`, and what its `details` are. */
export interface OddNamesErrors {
  a_1b: undefined;
  /** There is no {such} "thing". */
  not_found: NotFound;
}

/**
 * Says "hello".
 *
 * In three lines, with \ and *\/ in """them""".
 */
export interface OddNames {
  /**
   * Ends in a quote: "x"
   *
   * @throws `a_1b`:
   * @throws `not_found`: There is no {such} "thing".
   */
  import(params: {
    /** Where from. */
    from: string;
    since?: hallway.Integer64 | null | undefined;
    event: Event;
    /** [] if not given. */
    tags?: string[] | undefined;
    /** "low" if not given. */
    level?: Level | undefined;
    /** "a \"b\"" if not given. */
    mode?: string | undefined;
    /** false if not given. */
    deep?: boolean | undefined;
    /** 0.5 if not given. */
    ratio?: number | undefined;
  }, options?: hallway.CallOptions): Promise<Tree>;

  watch(params?: { [name: string]: never }, options?: hallway.SubscribeOptions): hallway.Stream<hallway.Event<Event>>;

  /** @throws `a_1b`: */
  list(params?: { [name: string]: never }, options?: hallway.StreamOptions): hallway.Stream<Either>;

  tell(params?: { [name: string]: never }, options?: hallway.CallOptions): Promise<void>;

  new(params: {
    job: State;
  }, options?: hallway.CallOptions): Promise<null>;

  any(params: {
    x: unknown;
  }, options?: hallway.CallOptions): Promise<unknown>;

  hidden(params?: { [name: string]: never }, options?: hallway.CallOptions): Promise<[string, number]>;
}

// Written by hallway-codegen from the description of notes 1.2. Not to be edited: write it anew.

import type * as hallway from "hallway";

export type Empty = {
  /** How many characters it had. */
  length: hallway.Integer64;
};

/** One note. */
export type Note = {
  number: hallway.Integer64;
  text: string;
};

/** A value that cannot be written. */
export type Odd = { [name: string]: unknown };

/** How Notes says no: the `code` of a `ServiceError`, and what its `details` are. */
export interface NotesErrors {
  /** A note needs text. */
  empty: Empty;
  /** Somebody else writes. */
  locked: undefined;
}

/** A pad of notes. */
export interface Notes {
  /**
   * Adds a note, and returns its number.
   *
   * @throws `empty`: A note needs text.
   * @throws `locked`: Somebody else writes.
   */
  add(params: {
    text: string;
  }, options?: hallway.CallOptions): Promise<hallway.Integer64>;

  /** The notes that hold a word. */
  find(params: {
    /** The word. */
    word: string;
    /**
     * How many at most.
     *
     * 50 if not given.
     */
    limit?: number | undefined;
  }, options?: hallway.CallOptions): Promise<Note[]>;

  /** The numbers from 1 on. */
  numbers(params: {
    to: hallway.Integer64;
  }, options?: hallway.StreamOptions): hallway.Stream<hallway.Integer64>;

  /** Notes as they are added. */
  watch(params?: {
    since?: hallway.Integer64 | null | undefined;
  }, options?: hallway.SubscribeOptions): hallway.Stream<hallway.Event<Note>>;

  /** Adds many notes at once, and tells how far it is. */
  import(params: {
    count: hallway.Integer64;
  }, options?: hallway.CallOptions): Promise<hallway.Integer64>;

  /** Gives binary data back. */
  echo(params: {
    data: Uint8Array;
  }, options?: hallway.CallOptions): Promise<Uint8Array>;

  /** Asks the caller's own `editor.confirm` first. */
  clear(params?: { [name: string]: never }, options?: hallway.CallOptions): Promise<boolean>;

  /** Never answers. */
  sleep(params?: { [name: string]: never }, options?: hallway.CallOptions): Promise<null>;

  /** Panics. */
  crash(params?: { [name: string]: never }, options?: hallway.CallOptions): Promise<null>;

  /** Text of this length. */
  long(params: {
    bytes: hallway.Integer64;
  }, options?: hallway.CallOptions): Promise<string>;

  /** A value that no encoding can write. */
  odd(params?: { [name: string]: never }, options?: hallway.CallOptions): Promise<Odd>;
}

/** Every number that bounds something between two processes, with its reason. The same as in the Rust library. */

/** The longest message body, in bytes. */
export const FRAME_MAX = 16 * 1024 * 1024 - 1;

/** The longest body that is read over and answered rather than ending the connection, in bytes. */
export const FRAME_SKIP_MAX = 256 * 1024 * 1024;

/** How much of an oversized body is kept to find the id that the refusal goes to, in bytes. */
export const FRAME_HEAD = 4 * 1024;

/** The longest header block of a `Content-Length` frame, in bytes. */
export const HEADER_MAX = 4 * 1024;

/** How many levels deep a value may nest. */
export const DEPTH_MAX = 64;

/** How many values one payload may hold: as JavaScript's own, they take many times the bytes that they came in. */
export const NODES_MAX = 100_000;

/** Calls that one connection may have open at once, running and waiting. */
export const CALLS_OPEN_MAX = 1024;

/** Calls of the peer that run at the same time; the others wait their turn. */
export const CALLS_RUNNING_MAX = 64;

/** Bytes that wait for the peer to read before our calls wait, and before its own are left unread. */
export const OUTBOUND_HIGH = 256 * 1024;

/** Stream items that may be on the way before the reader grants more. */
export const STREAM_WINDOW = 64;

/**
 * Bytes of items, of all streams of one connection, that may wait for those who take them: a window bounds their number
 * and not their size. Events beyond it are dropped and told of as missed; any other stream ends.
 */
export const ITEMS_HELD_MAX = 32 * 1024 * 1024;

/** What an item that waits takes beside its bytes. */
export const ITEM_COST = 64;

/**
 * Messages of one connection that belong to nothing: answers to calls that are not open, errors about no call, and what
 * cannot be acted on. They are left; a peer that goes on is broken, or wants to keep us busy.
 */
export const UNKNOWN_ANSWERS_MAX = 100;

/** The largest window that can be asked for. */
export const STREAM_WINDOW_MAX = 64 * 1024;

/** The longest deadline that a call may carry, in milliseconds: 30 days. */
export const DEADLINE_MAX_MS = 30 * 24 * 3600 * 1000;

/** How much longer than the wire's deadline our own clock runs, in milliseconds: the peer's words say more. */
export const DEADLINE_GRACE_MS = 250;

/**
 * How often a call is sent again that is known not to have run. A daemon that stays for a millisecond may be about to
 * leave each time.
 */
export const RETRIES_MAX = 10;

/** Bytes that wait for a peer that calls and does not read; beyond it the connection ends. */
export const OUTBOUND_MAX = 3 * FRAME_MAX;

"""Every number that bounds something, in one place, each with its reason. `spec/wire.md` has the same ones."""

#: The longest message body, in bytes.
FRAME_MAX = 16 * 1024 * 1024 - 1

#: The longest body that is read over, in bytes. A length above it is a peer that has lost its place.
FRAME_SKIP_MAX = 256 * 1024 * 1024

#: How much of an oversized body is kept to find the id that it belongs to, in bytes.
FRAME_HEAD = 4 * 1024

#: How many levels deep a value may nest.
DEPTH_MAX = 64

#: How many values one payload may hold: as Python's own, they take up to a hundred times the bytes that they came in.
NODES_MAX = 100_000

#: How much one read takes at most, in bytes.
READ_SIZE = 64 * 1024

#: Calls that one connection may have open at once; a further one waits for a place.
CALLS_OPEN_MAX = 1024

#: Calls of the server's that wait for their handler; a further one is refused as `busy`.
REQUESTS_MAX = 1024

#: Calls of the server's that run at the same time; the others wait their turn.
CALLS_RUNNING_MAX = 64

#: Items of a stream that may be on the way before more are granted, half of it at a time.
STREAM_WINDOW = 64

#: Bytes of items, of all streams of one connection, that may wait for those who take them. Events beyond it are dropped
#: and told of as missed; any other stream ends.
ITEMS_HELD_MAX = 32 * 1024 * 1024

#: What an item that waits takes beside its value.
ITEM_COST = 64

#: Messages of one connection that belong to nothing: answers to calls that are not open, errors about no call, and what
#: cannot be acted on. They are left; a server that goes on is broken, or wants to keep us busy.
UNKNOWN_ANSWERS_MAX = 100

#: The largest window.
STREAM_WINDOW_MAX = 64 * 1024

#: The largest id: whole numbers up to it are exact in every language.
ID_MAX = 2**53 - 1

#: The longest deadline, in seconds: 30 days. A longer one is cut to it.
DEADLINE_MAX = 30 * 24 * 3600.0

#: How much longer than the wire's deadline our own clock waits, in seconds: the server's word for it tells more.
CLOCK_GRACE = 0.5

#: How often a call that did not run is sent again. A daemon that stays for a millisecond may be about to leave each time.
RETRIES_MAX = 10

#: How long a daemon may take to answer or to come up, in seconds, if the caller does not say.
REACH_DEADLINE = 30.0

#: How many daemons are started before one that says `ready` and does not answer is no longer believed.
STARTS_MAX = 3

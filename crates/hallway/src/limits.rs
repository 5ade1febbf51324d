//! Every number that bounds something, in one place, each with its reason.
//!
//! `hallway.status` shows them; `spec/wire.md` repeats those that a peer can run into.

use std::collections::BTreeMap;
use std::time::Duration;

/// The longest message body, in bytes. Long enough for a mail with its attachments, short enough that a
/// length prefix always begins with a zero byte, which is how a length-framed client is recognised.
pub const FRAME_MAX: usize = 16 * 1024 * 1024 - 1;

/// The longest parameters of a method which does not say otherwise (`#[params_max]`), in bytes: what is decoded from
/// them takes a few times as much, and calls that carry files are rare and known.
pub const PARAMS_MAX: usize = 1024 * 1024;

/// How much longer than the parameters of a call its message may be, in bytes: its id, its method and its context.
pub const ENVELOPE_MAX: usize = 16 * 1024;

/// Bytes of unfinished messages and of the parameters of open calls, of all connections of a server together:
/// what strangers can make a daemon hold before anything has been done for it. Beyond it, and for one connection
/// beyond half of it, what needs more is refused as `busy`.
pub const INBOUND_ALL_MAX: usize = 64 * 1024 * 1024;

/// Bytes that all peers of a server have been answered and have not read. Beyond it, answers longer than
/// [`OUTBOUND_HIGH`] become errors, and of a peer that does not read [`BYTES_FREE`] nothing more is begun. Shorter
/// answers of calls that had begun, and one item of each stream, are still said: so much it may be exceeded by.
pub const OUTBOUND_ALL_MAX: usize = 128 * 1024 * 1024;

/// So many bytes in either direction of a connection are not counted against what all have together, so that those
/// who are no burden never feel what others do.
pub const BYTES_FREE: usize = 16 * 1024;

/// Buffers that wait for a peer grow by at least so much at a time, in bytes: doubling would take twice of what
/// they hold.
pub const BUFFER_STEP: usize = 64 * 1024;

/// The longest buffer that is kept for the next long message after one has gone through, in bytes, in either direction
/// of a connection: getting a megabyte from the system anew takes longer than copying it.
pub const SPARE_MAX: usize = 2 * 1024 * 1024;

/// How long it is kept.
pub const SPARE_TIME: Duration = Duration::from_secs(1);

/// Bytes of such buffers that all connections keep together; further ones are not kept.
pub const SPARE_ALL_MAX: usize = 16 * 1024 * 1024;

/// Room that is asked of the system for what is on its way on a Unix socket, in bytes, once that is [long](LONG_SEND): with what
/// it gives by itself, the two sides wait for each other five times in a megabyte. Linux counts twice of it, its own with it.
pub const SEND_ROOM: usize = 256 * 1024;

/// From so many bytes on, what is to be written is long: it is more than half of the room that the system gives by itself.
pub const LONG_SEND: usize = 128 * 1024;

/// For so many connections a server asks for such room, until they end: that memory is the system's, and taken while a peer
/// does not read.
pub const SEND_ROOMS_MAX: usize = 64;

/// So many messages of a long queue on one connection are acted on before what they were answered is written: the other
/// side begins with it while this one goes on. Of a short queue everything is written together.
pub const FLUSH_MESSAGES: usize = 24;

/// How long a side that spins looks for what comes next before it goes to sleep: somewhat longer than being woken on
/// another processor takes on a virtual machine, and far too short to be felt.
pub const SPIN_TIME: Duration = Duration::from_micros(50);

/// So many messages in one turn are a queue, after which a side looks for the next one before it goes to sleep, whether it
/// spins otherwise or not. They have taken about a fifth of the time for which it looks.
pub const QUEUE_MESSAGES: usize = 8;

/// How much of an unfinished message is kept of a peer that has not named its token yet, in bytes: a stranger
/// is not given the room of a message.
pub const HELLO_MAX: usize = 16 * 1024;

/// The longest body that is read over and answered rather than ending the connection, in bytes. A length
/// above it is not a large message but a peer that has lost its place, or speaks something else.
pub const FRAME_SKIP_MAX: u64 = 256 * 1024 * 1024;

/// How much of an oversized body is kept to find the id that the refusal goes to, in bytes.
pub const FRAME_HEAD: usize = 4 * 1024;

/// The longest header block of a `Content-Length` frame, in bytes: two headers in practice.
pub const HEADER_MAX: usize = 4 * 1024;

/// How many of a connection's first bytes are looked at to find out what it speaks: the longest header block,
/// and as much of the message after it. What then has not told is taken for the native envelope.
pub const RECOGNISE_MAX: usize = 2 * HEADER_MAX;

/// How many levels deep a value may nest. Deeper than people write, and little enough for a recursive reader on the
/// smallest stack, in any language.
pub const DEPTH_MAX: usize = 64;

/// How many values one payload may hold, counted before any is read. As a tree of values one can take a hundred times the
/// bytes that it came in, and in a language without types every payload becomes one: so many are a few tens of megabytes.
pub const NODES_MAX: usize = 100_000;

/// How many values a payload may hold that may be so many bytes long: [`NODES_MAX`] in the usual mebibyte, and in
/// proportion in a method's own `#[params_max]`, and in a result, which its caller has asked for.
#[must_use]
pub const fn nodes_max(bytes: usize) -> usize {
    let in_proportion = bytes / 1024 * NODES_MAX / (PARAMS_MAX / 1024);
    if in_proportion > NODES_MAX { in_proportion } else { NODES_MAX }
}

/// How much is kept of the words with which a peer ends a connection, or may be about to, in bytes: a sentence or two.
pub const REASON_MAX: usize = 1024;

/// So much memory has to be left where a message is given what it asks for, in bytes: for all that is small and does not ask.
pub const MEMORY_BESIDE: usize = 16 * 1024;

/// How much one read takes at most, in bytes; the buffer belongs to the thread, not to the connection.
pub const READ_SIZE: usize = 64 * 1024;

/// Calls that one connection may have open at once, running and waiting. Beyond it a call is refused as
/// `busy`; a client of ours waits for a free place instead.
pub const CALLS_OPEN_MAX: usize = 1024;

/// Calls of one connection that run at the same time; the others wait their turn without stopping the
/// connection.
pub const CALLS_RUNNING_MAX: usize = 64;

/// Calls open on all connections of a server: what waits costs memory, and who waits behind so many gives up.
pub const CALLS_OPEN_ALL_MAX: usize = 16 * 1024;

/// Calls of one connection that run whatever the others do, unless they are `#[bulk]`: however many calls of others
/// do not end, who calls one thing after the other is answered.
pub const PLACES_OWN: usize = 4;

/// Calls of all connections of a server that run at the same time, beyond [`PLACES_OWN`] of each.
pub const CALLS_RUNNING_ALL_MAX: usize = 1024;

/// Of the places for calls that run, of a connection and of the server, one in so many is kept from methods that
/// are `#[bulk]`: however many of those are called, a short question finds a place.
pub const PLACES_KEPT: usize = 4;

/// Subscriptions of one connection. They last as long as it does, and take none of the places for calls.
pub const SUBSCRIPTIONS_MAX: usize = 256;

/// How many reads of one connection are taken before the others have their turn.
pub const TURN_READS: u32 = 4;

/// How many messages of one connection are acted on before the others have their turn.
pub const TURN_MESSAGES: usize = 128;

/// How long messages of one connection are acted on before the others have their turn: handlers that compute
/// without waiting take it.
pub const TURN_TIME: Duration = Duration::from_millis(1);

/// So many processors are kept from connections that have much to do, whose turns are under way on the others, at least one at a time:
/// those that keep more than [`BYTES_FREE`] in either direction, or had more to do than one turn takes. A
/// thousand of them in the runtime's one queue would come before whoever asks a short question, and where each keeps a
/// processor for a millisecond, two of them keep all that there are.
pub const PROCESSORS_KEPT: usize = 1;

/// How long a connection with much to do waits for its turn at most. Longer than a thousand of them take; who waits for longer
/// waits for a handler that blocks its thread, and goes on beside it.
pub const LINE_MAX: Duration = Duration::from_secs(1);

/// Bytes waiting for one peer to read before its streams pause, its further calls are left unread and
/// none begins; and before our own calls to it wait.
pub const OUTBOUND_HIGH: usize = 256 * 1024;

/// Stream items that may be on the way before the reader grants more. A client grants half of it back at
/// a time.
pub const STREAM_WINDOW: u32 = 64;

/// What the window of a client grows to that has not asked for one, while its items are small: a half of it is more than the
/// other side sends while this one is woken.
pub const STREAM_WINDOW_GROWN: u32 = 1024;

/// What the items of a window that has grown are together, in bytes, as long as they are as those before.
pub const STREAM_WINDOW_BYTES: usize = 1024 * 1024;

/// Bytes of items, of all streams of one connection, that may wait for those who take them: a window bounds their number
/// and not their size. Events beyond it are dropped and told of as missed; any other stream ends.
pub const ITEMS_HELD_MAX: usize = 32 * 1024 * 1024;

/// What an item that waits takes beside its bytes.
pub const ITEM_COST: usize = 64;

/// Messages of one connection that belong to nothing: answers to calls that are not open, errors about no call and, from
/// a server, what no client can act on. They are left; a peer that goes on is broken, or wants to keep us busy.
pub const UNKNOWN_ANSWERS_MAX: u32 = 100;

/// Bytes of answers to its own calls that a server may leave unread before its client ends the connection: one of the
/// longest, and half as much beside it. A client has to read on, see [`OUTBOUND_HIGH`], so that it cannot make the server
/// wait.
pub const ANSWERS_OWED_MAX: usize = FRAME_MAX + FRAME_MAX / 2;

/// The largest window a client may ask for.
pub const STREAM_WINDOW_MAX: u32 = 64 * 1024;

/// A window without end: the connection's own back-pressure is the bound. No message asks for it.
pub const UNLIMITED: u32 = u32::MAX;

/// Published events that a topic keeps for subscribers that resume or fall behind.
pub const TOPIC_RING: usize = 4096;

/// Connections that one server holds at the same time.
pub const CONNECTIONS_MAX: usize = 4096;

/// Connections of one process. More than any client needs, and a client that loses them leaves room for others.
pub const CONNECTIONS_OF_PEER_MAX: usize = 256;

/// File descriptors that connections leave to the rest of the process: a daemon's own are 24 and two for each
/// listener, [`TURNED_AWAY_MAX`] tell connections why they are refused, and the others are for stores and handlers.
/// A process that may open few holds fewer connections.
pub const DESCRIPTORS_RESERVED: usize = 64;

/// Connections that are being told why they are refused. The next one waits in the listener's queue.
pub const TURNED_AWAY_MAX: usize = 8;

/// How long a server with a token waits for `hello` on a new connection, and any server, from a connection's first
/// byte on, until it is known what is spoken.
pub const HELLO_DEADLINE: Duration = Duration::from_secs(5);

/// How long a message may take from its first byte to its last: minutes at which nobody stops are a peer that has
/// stopped. On one machine the longest message takes a hundredth of a second.
pub const FRAME_DEADLINE: Duration = Duration::from_secs(30);

/// How long a peer may read nothing of what is written to it. Longer than a debugger's step, or a laptop's lid, is
/// short; what is not read by then is not going to be.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(10);

/// So much later than the one before it a connection is ended that is over one of these deadlines. It takes as long to give back
/// all that was kept for one that does not read; a thousand that stop at the same moment, ended at the same moment, would
/// keep everybody else waiting until the last has gone. The last of [`CONNECTIONS_MAX`] is ended 0.4 s late.
pub const ENDS_APART: Duration = Duration::from_micros(100);

/// How long calls in flight may take to finish once a server is told to stop.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// The longest deadline a call may carry; a longer one is cut to it, so that no clock overflows.
pub const DEADLINE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// How often a client dispatches a call again that is known not to have run. A daemon that stays for a
/// millisecond is about to leave at one attempt in ten (`cargo xtask gate idle-race`): a call that meets ten
/// of those in a row does not come in anybody's life.
pub const RETRIES_MAX: u32 = 10;

/// How long a connection rests when the system has no memory for what it writes.
pub const WRITE_PAUSE: Duration = Duration::from_millis(10);

/// How long the accept loop rests when the system has no descriptor or memory left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The limits that a program may set for a server, as `ServerBuilder::limits` takes them.
/// Each has the value of the constant that it names if not said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// [`CONNECTIONS_MAX`], and never more than the process has descriptors for.
    pub connections: usize,
    /// [`CONNECTIONS_OF_PEER_MAX`].
    pub connections_of_peer: usize,
    /// [`CALLS_OPEN_ALL_MAX`].
    pub calls_open_all: usize,
    /// [`CALLS_RUNNING_MAX`], of one connection.
    pub calls_running: usize,
    /// [`CALLS_RUNNING_ALL_MAX`].
    pub calls_running_all: usize,
    /// [`SUBSCRIPTIONS_MAX`], of one connection.
    pub subscriptions: usize,
    /// [`INBOUND_ALL_MAX`].
    pub inbound_all: usize,
    /// [`OUTBOUND_ALL_MAX`].
    pub outbound_all: usize,
    /// [`HELLO_DEADLINE`].
    pub hello_deadline: Duration,
    /// [`FRAME_DEADLINE`].
    pub frame_deadline: Duration,
    /// [`WRITE_DEADLINE`].
    pub write_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            connections_of_peer: CONNECTIONS_OF_PEER_MAX,
            calls_open_all: CALLS_OPEN_ALL_MAX,
            calls_running: CALLS_RUNNING_MAX,
            calls_running_all: CALLS_RUNNING_ALL_MAX,
            subscriptions: SUBSCRIPTIONS_MAX,
            inbound_all: INBOUND_ALL_MAX,
            outbound_all: OUTBOUND_ALL_MAX,
            hello_deadline: HELLO_DEADLINE,
            frame_deadline: FRAME_DEADLINE,
            write_deadline: WRITE_DEADLINE,
        }
    }
}

impl Limits {
    /// Every limit by name, in bytes, milliseconds, microseconds or pieces: what `hallway.status` shows.
    #[must_use]
    pub fn table(&self) -> BTreeMap<String, u64> {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let rows = [
            ("params_max_bytes", PARAMS_MAX as u64),
            ("envelope_max_bytes", ENVELOPE_MAX as u64),
            ("frame_max_bytes", FRAME_MAX as u64),
            ("frame_skip_max_bytes", FRAME_SKIP_MAX),
            ("hello_max_bytes", HELLO_MAX as u64),
            ("header_max_bytes", HEADER_MAX as u64),
            ("recognise_max_bytes", RECOGNISE_MAX as u64),
            ("depth_max", DEPTH_MAX as u64),
            ("nodes_max", NODES_MAX as u64),
            ("calls_open_max", CALLS_OPEN_MAX as u64),
            ("calls_open_all_max", self.calls_open_all as u64),
            ("calls_running_max", self.calls_running as u64),
            ("calls_running_all_max", self.calls_running_all as u64),
            ("places_own", PLACES_OWN as u64),
            ("places_kept", PLACES_KEPT as u64),
            ("subscriptions_max", self.subscriptions as u64),
            ("turn_reads", TURN_READS.into()),
            ("turn_messages", TURN_MESSAGES as u64),
            ("processors_kept", PROCESSORS_KEPT as u64),
            ("line_max_ms", milliseconds(LINE_MAX)),
            ("turn_time_ms", milliseconds(TURN_TIME)),
            ("inbound_all_max_bytes", self.inbound_all as u64),
            ("outbound_high_bytes", OUTBOUND_HIGH as u64),
            ("outbound_all_max_bytes", self.outbound_all as u64),
            ("bytes_free", BYTES_FREE as u64),
            ("spare_max_bytes", SPARE_MAX as u64),
            ("spare_time_ms", milliseconds(SPARE_TIME)),
            ("spare_all_max_bytes", SPARE_ALL_MAX as u64),
            ("send_room_bytes", SEND_ROOM as u64),
            ("long_send_bytes", LONG_SEND as u64),
            ("send_rooms_max", SEND_ROOMS_MAX as u64),
            ("stream_window_max", STREAM_WINDOW_MAX.into()),
            ("topic_ring", TOPIC_RING as u64),
            ("connections_max", self.connections as u64),
            ("connections_of_peer_max", self.connections_of_peer as u64),
            ("descriptors_reserved", DESCRIPTORS_RESERVED as u64),
            ("turned_away_max", TURNED_AWAY_MAX as u64),
            ("hello_deadline_ms", milliseconds(self.hello_deadline)),
            ("frame_deadline_ms", milliseconds(self.frame_deadline)),
            ("write_deadline_ms", milliseconds(self.write_deadline)),
            ("ends_apart_us", u64::try_from(ENDS_APART.as_micros()).unwrap_or(u64::MAX)),
            ("drain_deadline_ms", milliseconds(DRAIN_DEADLINE)),
            ("deadline_max_ms", milliseconds(DEADLINE_MAX)),
        ];
        rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

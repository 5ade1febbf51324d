"""One conversation with a server, without I/O: bytes in, bytes out. The synchronous and the asyncio client drive it.

It matches answers to calls, counts the credit of streams, and knows of every call what became of it.
"""

from collections import deque
from typing import Any, Deque, Dict, Generic, List, NamedTuple, Optional, Tuple, TypeVar, Union

from . import encoding, protocol
from .errors import PEER_CODES, HallwayError, NotSent, Outcome, WireError, from_peer, lost, overrun
from .framing import BadFrame, Frames, TooLong, frame
from .limits import (
    CALLS_OPEN_MAX,
    FRAME_MAX,
    ITEM_COST,
    ITEMS_HELD_MAX,
    REQUESTS_MAX,
    STREAM_WINDOW,
    UNKNOWN_ANSWERS_MAX,
)
from .protocol import Call, Goaway, Lagged, Message, Progress, Refusal

T = TypeVar("T")

#: Bytes of answers to the server's own calls that may wait for the server to read, before it is given up.
ANSWERS_MAX = 1024 * 1024


class Item(NamedTuple):
    """One element of a stream."""

    value: Any
    seq: Optional[int]


class End(NamedTuple):
    """How a call ended: with a value, or with an error."""

    value: Any = None
    error: Optional[HallwayError] = None


class Event(Generic[T]):
    """One numbered event of a subscription."""

    __slots__ = ("seq", "value")

    def __init__(self, seq: int, value: T) -> None:
        #: Its number: what to go on after.
        self.seq = seq
        self.value = value

    def __repr__(self) -> str:
        return f"Event(seq={self.seq}, value={self.value!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and (self.seq, self.value) == (other.seq, other.value)


Arrival = Union[Item, Lagged, Progress, End]



class Room:
    """What one connection has for items that wait, in bytes."""

    def __init__(self) -> None:
        self._held = 0

    def hold(self, size: int) -> bool:
        """Whether there is room for so many more, which are held then. There is for one item of any size."""
        if self._held and self._held + size > ITEMS_HELD_MAX:
            return False
        self._held += size
        return True

    def give(self, size: int) -> None:
        self._held -= size


class OpenCall:
    """One call of ours, and what has come for it and was not taken yet."""

    def __init__(self, id: int, window: int, written_at: int, room: Room) -> None:
        self.id = id
        #: Where its last byte stands among all that are sent.
        self.written_at = written_at
        #: Nobody waits any more; the id stays taken until the server has answered.
        self.abandoned = False
        #: Whoever waits, for the driver.
        self.waiter: Any = None
        self._window = self._credit = window
        self._taken = 0
        self._room = room
        #: Each with the room that it takes, and of how many items the one who takes it makes room for.
        self._arrivals: Deque[Tuple[Union[Item, Lagged], int, int]] = deque()
        self._overrun = False
        self._progress: Optional[Progress] = None
        self._end: Optional[End] = None

    def take(self) -> Optional[Arrival]:
        """What comes next, in order; the end last, and then for ever."""
        if self._arrivals:
            arrival, held, items = self._arrivals.popleft()
            self._room.give(held)
            self._taken += items
            return arrival
        if self._overrun:
            return End(error=overrun())
        if self._progress is not None:
            progress, self._progress = self._progress, None
            return progress
        return self._end

    def has_ended(self) -> bool:
        """Whether its end has come, taken or not."""
        return self._end is not None

    def take_credit(self) -> int:
        """How many to grant now that something was taken: half a window at a time."""
        if self._taken < (self._window + 1) // 2 or self.has_ended():
            return 0
        granted, self._taken = self._taken, 0
        self._credit += granted
        return granted

    def item(self, item: Item, size: int) -> bool:
        """Takes in an item of so many bytes. `False`: the server sent more than it was granted.

        One that finds no room is told of as missed if it has a number, and is the last otherwise.
        """
        if self._credit == 0:
            return False
        self._credit -= 1
        if self._overrun:
            pass
        elif self._room.hold(size + ITEM_COST):
            self._arrivals.append((item, size + ITEM_COST, 1))
        elif item.seq is not None:
            self.lagged(Lagged(1, item.seq + 1), dropped=1)
        else:
            self._overrun = True
        return True

    def lagged(self, notice: Lagged, dropped: int = 0) -> None:
        """Two notices in a row are one. What was dropped here is granted anew once it is taken."""
        if self._arrivals and isinstance(self._arrivals[-1][0], Lagged):
            before, _, already = self._arrivals.pop()
            dropped += already
            notice = Lagged(min(before[0] + notice.missed, 2**64 - 1), notice.next)
        self._arrivals.append((notice, 0, dropped))

    def drop(self) -> None:
        """Nobody takes any more of what has come."""
        for _, held, _ in self._arrivals:
            self._room.give(held)
        self._arrivals.clear()

    def progress(self, progress: Progress) -> None:
        """Only the newest is kept: it tells everything that the ones before did."""
        self._progress = progress

    def end(self, end: End) -> None:
        self._end = end


class Request:
    """A call of the server's, which a handler of ours answers. Without an id it is a notification."""

    def __init__(self, id: Optional[int], call: Call) -> None:
        self.id = id
        self.method = call.method
        self.params: Any = {} if call.params is None else call.params
        self.deadline_ms = call.deadline_ms
        #: What runs for it, for the driver.
        self.runs_as: Any = None


class Conversation:
    """The state of one connection. Not safe for threads: the driver locks."""

    def __init__(self, hello: Dict[str, Any], serves: bool) -> None:
        #: Bytes to be sent: at first the `hello`, which goes together with the first call.
        self.out = bytearray(frame(protocol.encode("hello", None, hello)))
        #: Calls of the server's that wait for their handler.
        self.requests: Deque[Request] = deque()
        #: Requests that run and were taken back.
        self.taken_back: List[Request] = []
        #: Code and reason, once the connection has ended.
        self.closed: Optional[WireError] = None
        self._serves = serves
        self._frames = Frames()
        self._sent = 0
        self._last_id = 0
        self._calls: Dict[int, OpenCall] = {}
        self._touched: List[OpenCall] = []
        self._running: Dict[int, Request] = {}
        self._answers = 0
        self._goaway: Optional[Goaway] = None
        self._heard_hello = False
        self._words: Optional[WireError] = None
        self._room = Room()
        #: How many messages belonged to nothing.
        self._strays = 0
        # Calls that have ended and that the peer, which goes, may still refuse.
        self._refusals = 0

    def takes_calls(self) -> bool:
        """Whether a call that is begun now has a chance."""
        return self.closed is None and self._goaway is None

    def has_room(self) -> bool:
        """Whether there is a place for one more open call."""
        return len(self._calls) < CALLS_OPEN_MAX

    def is_idle(self) -> bool:
        """Whether the server owes no answer."""
        return not self._calls

    def is_done(self) -> bool:
        """Whether the server has said farewell and owes nothing any more."""
        return self._goaway is not None and not self._calls and not self.out

    def begin(
        self,
        method: str,
        params: Any,
        *,
        deadline_ms: Optional[int] = None,
        window: Optional[int] = None,
        trace: Optional[str] = None,
        key: Optional[str] = None,
    ) -> OpenCall:
        """Puts a call in line."""
        id = self._last_id + 1
        members = {"deadline_ms": deadline_ms, "window": window, "trace": trace, "key": key}
        self._send_call(id, method, params, members)
        self._last_id = id
        call = OpenCall(id, window or STREAM_WINDOW, self._sent + len(self.out), self._room)
        self._calls[id] = call
        return call

    def notify(self, method: str, params: Any, *, trace: Optional[str] = None) -> None:
        """Puts a notification in line."""
        self._send_call(None, method, params, {"trace": trace})

    def grant(self, call: OpenCall, items: int) -> None:
        """Makes room for more items of a stream."""
        if self.closed is None and not call.has_ended():
            self._send("grant", call.id, items)

    def abandon(self, call: OpenCall) -> None:
        """Takes a call back."""
        call.drop()
        if not call.abandoned and not call.has_ended():
            call.abandoned = True
            if self.closed is None:
                self._send("cancel", call.id, True)

    def answer(self, request: Request, value: Any) -> None:
        """Answers a call of the server's."""
        try:
            body = b"" if request.id is None else protocol.encode("result", request.id, value)
        except encoding.Unencodable as error:
            return self.refuse(request, WireError("bad_result", f"the result cannot be written: {error}"))
        if len(body) > FRAME_MAX:
            details = {"size": len(body), "max": FRAME_MAX}
            return self.refuse(request, WireError("result_too_long", "the result is too long", details))
        if self._settle(request):
            self._put(body)

    def refuse(self, request: Request, error: WireError) -> None:
        """Answers a call of the server's with a no."""
        if self._settle(request):
            self._refuse(request.id, error)

    def sent(self, count: int) -> None:
        """So many bytes of `out` have gone."""
        self._sent += count
        self._answers = max(self._answers - count, 0)
        del self.out[:count]

    def receive(self, data: bytes) -> List[OpenCall]:
        """Takes in what was read; the calls that something has come for. Nothing read is the end."""
        if data:
            try:
                for body in self._frames.receive(data):
                    if self.closed is None:
                        self._hear(body)
            except BadFrame as error:
                self._violation(str(error))
        else:
            self._close("closed_by_peer", "the server closed the connection")
        return self._take_touched()

    def close(self, code: str, reason: str) -> List[OpenCall]:
        """The connection has ended: every open call does, and says whether it may have run."""
        self._close(code, reason)
        return self._take_touched()

    def _take_touched(self) -> List[OpenCall]:
        touched, self._touched = self._touched, []
        return touched

    def _close(self, code: str, reason: str) -> None:
        if self.closed is None:
            if code == "closed_by_peer" and self._words is not None:
                code = self._words.code if self._words.code in PEER_CODES else code
                reason = self._words.message or reason
            self.closed = WireError(code, reason)
            # A server that breaks the rules may have broken that one as well.
            dispatched = self._heard_hello or code == "protocol_violation"
            for call in list(self._calls.values()):
                ran = dispatched and call.written_at <= self._sent
                self._end(call, End(error=lost(code, reason, Outcome.UNKNOWN if ran else Outcome.NOT_DISPATCHED)))
            self.requests.clear()
            self.taken_back.extend(self._running.values())
            self.out.clear()

    def _send_call(self, id: Optional[int], method: str, params: Any, members: Dict[str, Any]) -> None:
        if self.closed is not None:
            raise lost(*self.closed[:2], Outcome.NOT_DISPATCHED)
        if self._goaway is not None:
            raise lost("goaway", self._goaway.message, Outcome.NOT_DISPATCHED)
        if params:
            members["params"] = params
        try:
            body = protocol.encode("call", id, method, **members)
        except encoding.Unencodable as error:
            message = f"the parameters cannot be written: {error}"
            raise NotSent("params_not_encodable", message, outcome=Outcome.NOT_DISPATCHED) from None
        if len(body) > FRAME_MAX:
            message = f"a call of {len(body)} bytes, where {FRAME_MAX} is the most"
            details = {"size": len(body), "max": FRAME_MAX}
            raise NotSent("frame_too_long", message, outcome=Outcome.NOT_DISPATCHED, details=details)
        self._put(body)

    def _send(self, kind: str, id: Optional[int], value: Any) -> None:
        self._put(protocol.encode(kind, id, value))

    def _put(self, body: bytes) -> None:
        if self.closed is None:
            self.out += frame(body)

    def _refuse(self, id: Optional[int], error: WireError) -> None:
        before = len(self.out)
        members = {name: value for name, value in error._asdict().items() if value is not None}
        self._send("error", id, members)
        self._answers += len(self.out) - before
        if self._answers > ANSWERS_MAX:
            self._violation("it asks and does not read the answers")

    def _hear(self, body: Union[bytes, TooLong]) -> None:
        try:
            if isinstance(body, TooLong):
                details = {"size": body.size, "max": FRAME_MAX}
                message = f"a message of {body.size} bytes, where {FRAME_MAX} is the most"
                raise protocol.head(body.head, WireError("frame_too_long", message, details))
            self._act(protocol.decode(body), body)
        except Refusal as refusal:
            self._refused(refusal)

    def _refused(self, refusal: Refusal) -> None:
        """If it is the answer that somebody here waits for, that will never come."""
        awaited = bool(self._calls) if refusal.id is None else refusal.id in self._calls
        if awaited and refusal.answers is not False:
            return self._violation(f"it sent an answer that cannot be read: {refusal.error.message}")
        self._stray()
        # With the id of a call of ours, the peer would take the refusal for the end of its own.
        self._refuse(None if refusal.answers else refusal.id, refusal.error)

    def _stray(self) -> None:
        """Something belongs to nothing: it is left, and counted."""
        self._strays += 1
        if self._strays > UNKNOWN_ANSWERS_MAX + self._refusals:
            self._violation(f"it sent more than {UNKNOWN_ANSWERS_MAX} messages that belong to nothing")

    def _act(self, message: Message, body: bytes) -> None:
        kind, id, value, seq = message
        if kind == "call":
            return self._request(id, value)
        if kind == "hello":
            self._heard_hello = True
        elif kind == "goaway":
            self._farewell(value)
        elif kind == "cancel":
            self._take_back(id)
        elif kind == "error" and id is None:
            self._words = value
            self._stray()
        elif kind == "unknown":
            self._stray()
            known = id in self._calls
            self._refuse(None if known else id, WireError("unknown_message", "a message of no known kind"))
        elif kind == "grant":
            pass
        elif id in self._calls:
            self._arrived(self._calls[id], message, body)
        else:
            self._stray()

    def _arrived(self, call: OpenCall, message: Message, body: bytes) -> None:
        kind, _, value, seq = message
        if kind == "result":
            return self._end(call, End(value))
        if kind == "error":
            return self._end(call, End(error=from_peer(value)))
        if call.abandoned:
            return
        if kind == "item":
            if not call.item(Item(value, seq), encoding.size(body, value)):
                return self._violation("it sent more items than it was granted")
        elif kind == "lagged":
            call.lagged(value)
        else:
            call.progress(value)
        self._touched.append(call)

    def _end(self, call: OpenCall, end: End) -> None:
        del self._calls[call.id]
        call.end(end)
        self._touched.append(call)

    def _farewell(self, goaway: Goaway) -> None:
        self._goaway = self._goaway or goaway
        for call in list(self._calls.values()):
            if call.id > goaway.last:
                self._refusals += 1
                self._end(call, End(error=lost("goaway", goaway.message, Outcome.NOT_DISPATCHED)))

    def _violation(self, what: str) -> None:
        self._close("protocol_violation", f"the server broke the protocol: {what}")

    def _request(self, id: Optional[int], call: Call) -> None:
        request = Request(id, call)
        if id is not None and id in self._running:
            return self._refuse(id, WireError("duplicate_id", f"call {id} is still open"))
        if not self._serves:
            if id is not None:
                self._refuse(id, WireError("unknown_method", "this client serves nothing"))
            return
        if len(self.requests) >= REQUESTS_MAX:
            if id is not None:
                self._refuse(id, WireError("busy", "too many calls are open", None, True))
            return
        if id is not None:
            self._running[id] = request
        self.requests.append(request)

    def _take_back(self, id: Optional[int]) -> None:
        request = None if id is None else self._running.get(id)
        if request is None:
            return
        if request in self.requests:
            self.requests.remove(request)
            self.refuse(request, WireError("cancelled", "the caller took the call back"))
        else:
            self.taken_back.append(request)

    def _settle(self, request: Request) -> bool:
        """Whether an answer is owed."""
        return request.id is not None and self._running.pop(request.id, None) is not None and self.closed is None

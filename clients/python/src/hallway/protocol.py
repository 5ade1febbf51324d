"""Layer: what a message means. Knows the envelope of `spec/wire.md`; must not know sockets, nor who waits."""

import re
from typing import Any, Callable, Dict, NamedTuple, Optional

from . import encoding
from .errors import WireError
from .limits import ID_MAX

VERSION = 1


class Call(NamedTuple):
    """A request to run a method."""

    method: str
    params: Any = None
    deadline_ms: Optional[int] = None
    window: Optional[int] = None
    trace: Optional[str] = None
    key: Optional[str] = None


class Progress(NamedTuple):
    """How far a call has come: in the method's own unit, of `total` if that is known."""

    done: int
    total: Optional[int] = None
    message: str = ""


class Lagged(NamedTuple):
    """Events were dropped because the reader fell behind: how many, and the number of the one that comes next."""

    missed: int
    next: int


class Goaway(NamedTuple):
    """The speaker dispatches nothing above the id `last`, and closes."""

    code: str
    message: str
    last: int


class Message(NamedTuple):
    """One message. `value` is of the kind's own type; of `result` and `item` the payload."""

    kind: str
    id: Optional[int]
    value: Any = None
    seq: Optional[int] = None


class Refusal(Exception):
    """A body that cannot be acted on, and whom that is told."""

    def __init__(self, error: WireError, id: Optional[int], kind: Optional[str]) -> None:
        super().__init__(error.message)
        self.error = error
        self.id = id
        #: Whether it speaks of a call that its receiver has made; `None` if that cannot be told.
        self.answers: Optional[bool] = None if kind is None else kind in _ANSWERS


def encode(kind: str, id: Optional[int], value: Any, **members: Any) -> bytes:
    """Writes a message."""
    message: Dict[str, Any] = {"v": VERSION}
    if id is not None:
        message["id"] = id
    message[kind] = value
    message.update((name, member) for name, member in members.items() if member is not None)
    return encoding.encode(message)


def decode(body: bytes) -> Message:
    """Reads a message."""
    try:
        text, cut = body.decode(), None
    except UnicodeDecodeError as error:
        # What stands before the fault tells whom to answer.
        text, cut = body[: error.start].decode(), error
    usual = _USUAL.match(text)
    if usual and cut is None:
        # What every server of hallway's writes. The value is the last member, so nothing else needs a look.
        try:
            value, end = encoding.read(text, usual.end())
        except encoding.Syntax:
            end = -1
        if end == len(text) - 1 and text[end] == "}":
            id, seq, kind = usual.groups()
            return Message(kind, int(id), value, None if seq is None else int(seq))
    return _Members().take(text, cut)


def head(body: bytes, error: WireError) -> Refusal:
    """The refusal of a body of which only the beginning is known."""
    members = _Members()
    members.read(body.decode(errors="ignore"))
    return Refusal(error, members.known_id(), members.kind)


_ANSWERS = frozenset({"result", "error", "item", "lagged", "progress"})

_USUAL = re.compile(r'\{"v":1,"id":([1-9][0-9]{0,14}),(?:"seq":(0|[1-9][0-9]{0,18}),)?"(result|item)":')

Check = Callable[[Any], Any]


class _Wrong(Exception):
    """A member is not of the type that it must be of."""


class _Members:
    """The members of one envelope."""

    def __init__(self) -> None:
        self.found: Dict[str, Any] = {}
        #: The member that says the kind, and a second one, where there should be none.
        self.kind: Optional[str] = None
        self.other_kind: Optional[str] = None
        self.repeated: Optional[str] = None

    def read(self, text: str) -> Optional[str]:
        """Takes the members, up to the place where the text stops being JSON; why it does, if it does."""
        try:
            for name, value, start, end in encoding.members(text):
                if name not in _KINDS and name not in _OTHERS:
                    continue
                if name in _OF_MEMBERS:
                    value = _Object(value, text[start:end])
                if name in self.found:
                    self.repeated = name
                elif name in _KINDS:
                    self.other_kind = name if self.kind else None
                    self.kind = self.kind or name
                self.found[name] = value
        except encoding.Syntax as error:
            return str(error)
        return None

    def take(self, text: str, cut: Optional[UnicodeDecodeError]) -> Message:
        fault = self.read(text)
        if cut is not None:
            fault = "it is not UTF-8"
        if fault is not None:
            raise self.refuse(self.known_id(), fault)
        self.check_version()
        id = self.id()
        if self.repeated is not None:
            raise self.refuse(id, f"`{self.repeated}` stands there twice")
        if self.kind is None:
            return Message("unknown", id)
        if self.other_kind is not None:
            raise self.refuse(id, f"both {self.kind} and {self.other_kind}: a message is of one kind")
        try:
            return self.message(self.kind, id)
        except _Wrong as wrong:
            raise self.refuse(id, str(wrong)) from None

    def message(self, kind: str, id: Optional[int]) -> Message:
        value = _KINDS[kind](self.found[kind])
        if kind == "call":
            optional = {name: _optional(self.found, name, _OTHERS[name]) for name in Call._fields[2:]}
            return Message(kind, id, Call(value, self.found.get("params"), **optional))
        if kind in ("hello", "goaway"):
            return Message(kind, None, value)
        if id is None and kind != "error":
            raise _Wrong("`id` is missing")
        seq = _optional(self.found, "seq", _number) if kind == "item" else None
        return Message(kind, id, value, seq)

    def id(self) -> Optional[int]:
        if "id" not in self.found:
            return None
        id = self.found["id"]
        if type(id) is int and 1 <= id <= ID_MAX:
            return id
        raise self.refuse(None, f"`id` must be a whole number from 1 to {ID_MAX}")

    def known_id(self) -> Optional[int]:
        try:
            return self.id()
        except Refusal:
            return None

    def check_version(self) -> None:
        """Another version may have another kind of id, so that nothing else is looked at before it."""
        version = self.found.get("v", VERSION)
        if type(version) is not int or version < 0:
            raise self.refuse(self.known_id(), "`v` must be a whole number")
        if version != VERSION:
            message = f"protocol version {version} is not spoken here, only version {VERSION}"
            error = WireError("unsupported_version", message, {"supported": [VERSION]})
            raise Refusal(error, self.known_id(), self.kind)

    def refuse(self, id: Optional[int], message: str) -> Refusal:
        return Refusal(WireError("bad_message", message), id, self.kind)


def _optional(members: Dict[str, Any], name: str, check: Check) -> Any:
    """A member that may be absent; `null` is the same as absent."""
    value = members.get(name)
    return None if value is None else check(value)


def _of(kind: type, name: str) -> Check:
    def check(value: Any) -> Any:
        # Of exactly that type: for Python, `true` is a number.
        if type(value) is kind:
            return value
        raise _Wrong(f"{name} is expected, and this is none")

    return check


def _whole(largest: int) -> Check:
    def check(value: Any) -> int:
        if type(value) is int and 0 <= value <= largest:
            return value
        raise _Wrong(f"a whole number up to {largest} is expected")

    return check


def _list_of_text(value: Any) -> Any:
    return [_text(one) for one in _of(list, "a list")(value)]


def _any(value: Any) -> Any:
    return value


def _readable(value: Any) -> Any:
    if isinstance(value, encoding.Unreadable):
        raise _Wrong(value.reason)
    return value


class _Object(NamedTuple):
    """The value of a member of the envelope that has members of its own, and how it is written."""

    value: Any
    text: str

    def members(self, *known: str) -> Dict[str, Any]:
        """Those that are known. One that is there twice is refused, where Python's reader would take the last."""
        found: Dict[str, Any] = {}
        if not self.text.startswith("{"):
            raise _Wrong("an object is expected, and this is none")
        if isinstance(self.value, encoding.Unreadable) and self.value.too_much:
            raise _Wrong(self.value.reason)
        try:
            for name, value, _, _ in encoding.members(self.text):
                if name in found:
                    raise _Wrong(f"`{name}` stands there twice")
                if name in known:
                    found[name] = _readable(value)
        except encoding.Syntax as error:
            raise _Wrong(str(error)) from None
        return found


_text, _flag = _of(str, "text"), _of(bool, "true or false")
_number, _small = _whole(2**64 - 1), _whole(2**32 - 1)


def _hello(value: Any) -> Any:
    checks = {"program": _text, "features": _list_of_text}
    checks.update(token=_text, calls_max=_small, frame_max=_number)
    members = value.members(*checks)
    hello = {}
    for name, check in checks.items():
        optional = name not in ("program", "features")
        if name in members and not (optional and members[name] is None):
            hello[name] = check(members[name])
    return hello


def _error(value: Any) -> WireError:
    members = value.members("code", "message", "details", "retryable")
    if "code" not in members:
        raise _Wrong("`code` is missing")
    message, retryable = _text(members.get("message", "")), _flag(members.get("retryable", False))
    return WireError(_text(members["code"]), message, members.get("details"), retryable)


def _lagged(value: Any) -> Lagged:
    members = value.members("missed", "next")
    return Lagged(_number(members.get("missed")), _number(members.get("next")))


def _progress(value: Any) -> Progress:
    members = value.members("done", "total", "message")
    total = _optional(members, "total", _number)
    return Progress(_number(members.get("done", 0)), total, _text(members.get("message", "")))


def _goaway(value: Any) -> Goaway:
    members = value.members("code", "message", "last")
    code, message = _text(members.get("code", "")), _text(members.get("message", ""))
    return Goaway(code, message, _number(members.get("last", 0)))


#: The members that say the kind, and how each one's value is read.
_KINDS: Dict[str, Check] = {
    "call": _text,
    "result": _any,
    "item": _any,
    "error": _error,
    "grant": _small,
    # Whatever value it has: the name is the message.
    "cancel": _any,
    "progress": _progress,
    "lagged": _lagged,
    "hello": _hello,
    "goaway": _goaway,
}

#: Those whose value is an object of the envelope's own.
_OF_MEMBERS = frozenset({"error", "progress", "lagged", "hello", "goaway"})

#: The other members of an envelope. Any that is in neither table is from a newer version, and ignored.
_OTHERS: Dict[str, Check] = {
    "v": _any,
    "id": _any,
    "params": _any,
    "seq": _number,
    "deadline_ms": _number,
    "window": _small,
    "trace": _text,
    "key": _text,
}

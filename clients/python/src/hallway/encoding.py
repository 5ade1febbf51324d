"""Layer: a value as JSON (RFC 8259) and back. Must not know what a message is.

The standard library's parser takes more than JSON: NaN, lone surrogates, any depth, numbers that become infinite. What
is taken here is what every language takes.
"""

import base64
import json
import re
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple

from .limits import DEPTH_MAX, NODES_MAX


class Syntax(ValueError):
    """It is not JSON, from a place on."""


class Unencodable(ValueError):
    """There is no way to write the value."""


class Member(NamedTuple):
    """A member of an object: its name, its value, and where that begins and ends in the text."""

    name: str
    value: Any
    start: int
    end: int


class Unreadable:
    """Stands for text that is JSON and yet no value: too deep, too much, half a character, a number beyond a double."""

    def __init__(self, reason: str, too_much: bool = False) -> None:
        self.reason = reason
        #: It nests too deep, or holds too many values: it would be as unreadable as a part of something else.
        self.too_much = too_much


def encode(value: Any) -> bytes:
    """Writes a value. `bytes` become base64, as every schema with `contentEncoding` has it."""
    try:
        return _ENCODER.encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Unencodable(f"{error or type(error).__name__}") from None


def decode(text: str) -> Any:
    """Reads one value, with nothing but blanks around it."""
    start = _blanks(text, 0)
    value, end = read(text, start)
    if _blanks(text, end) < len(text):
        raise Syntax(f"something stands behind the value, at {end}")
    if isinstance(value, Unreadable):
        raise Syntax(value.reason)
    return value


def read(text: str, start: int, large: Optional[bool] = None) -> Tuple[Any, int]:
    """Reads the value that begins at a place: it, or an `Unreadable`, and where it ends.

    A value may be too large for Python's own reader, which knows no bounds. `large` is what `is_large` says of the text.
    """
    large = is_large(text) if large is None else large
    too_large = _too_large(text, start) if large else None
    if too_large is not None:
        return too_large, _end(text, start)
    try:
        value, end = _scan(text, start)
    except (ValueError, StopIteration, RecursionError) as error:
        # Either no JSON, which this raises, or no value.
        end = _Walk(text).value(start)
        return (_TOO_DEEP if isinstance(error, RecursionError) else Unreadable(str(error))), end
    if type(value) is int:
        if text[end : end + 1] in _NUMBER_GOES_ON:
            raise Syntax(f"no number at {start}")
        if value == 0 and text[start] == "-":
            # As everywhere: no whole number has a sign and is none.
            value = -0.0
    if text.count("[", start, end) + text.count("{", start, end) > DEPTH_MAX and _is_deep(value):
        return _TOO_DEEP, end
    if _HALF_A_CHARACTER.search(text, start, end) and not _is_text(value):
        return Unreadable("half a surrogate pair is no character"), end
    return value, end


def size(body: bytes, value: Any) -> int:
    """About how much memory the value of a message takes."""
    if isinstance(value, Unreadable):
        return 0
    values = 48 * body.count(b",") + 64 * body.count(b"[") + 192 * body.count(b"{")
    # A text takes four bytes for each character if it has one that takes four.
    return len(body) * (1 if body.isascii() else 4) + values


def is_large(text: str) -> bool:
    """Whether there may be too much in it: many values, or a number of many digits."""
    marks = text.count(",") + text.count("[") + text.count("{")
    return marks >= NODES_MAX or len(text) >= _DIGITS_MAX and _LONG_NUMBER.search(text) is not None


def members(text: str) -> Iterator[Member]:
    """The members of an object, one after the other, also those before the place where it stops being JSON."""
    large = is_large(text)
    at = _blanks(text, 0)
    if text[at : at + 1] != "{":
        raise Syntax("it is no object")
    at = _blanks(text, at + 1)
    comma = False
    while comma or text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            raise Syntax(f"a member's name is missing at {at}")
        name, at = read(text, at, large)
        at = _blanks(text, at)
        if text[at : at + 1] != ":" or isinstance(name, Unreadable):
            raise Syntax(f"no member at {at}")
        start = _blanks(text, at + 1)
        value, at = read(text, start, large)
        yield Member(name, value, start, at)
        at = _blanks(text, at)
        comma = text[at : at + 1] == ","
        if comma:
            at = _blanks(text, at + 1)
        elif text[at : at + 1] != "}":
            raise Syntax(f"the object does not go on at {at}")
    if _blanks(text, at + 1) < len(text):
        raise Syntax(f"something stands behind the object, at {at + 1}")


def _base64(value: Any) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def _float(text: str) -> float:
    number = float(text)
    if number in _INFINITE:
        raise ValueError(f"{text:.32} is larger than a number can be")
    return number


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


#: What the reader leaves behind a number that is none, such as `01` or `1.`.
_NUMBER_GOES_ON = tuple("0123456789.eE")
_INFINITE = (float("inf"), float("-inf"))
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_base64)
_scan: Callable[[str, int], Tuple[Any, int]] = json.JSONDecoder(
    parse_float=_float, parse_constant=_constant
).scan_once  # type: ignore[attr-defined]

_HALF_A_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_BLANKS = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")'
    r"|(?P<atom>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null)"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<colon>:)"
)
#: What tells where a value ends, if it is one.
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')

#: As many digits as a double has that is no infinity.
_DIGITS_MAX = 309
_LONG_NUMBER = re.compile(r"[0-9]{309}")


def _blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _too_large(text: str, start: int) -> Optional[Unreadable]:
    """Whether the value that begins here is none for Python's reader, and why."""
    walk = _Walk(text, NODES_MAX)
    try:
        walk.value(start)
    except Syntax:
        # It is no JSON, which is found out again where it is told.
        return None
    if walk.values > NODES_MAX:
        return Unreadable(f"it holds more than {NODES_MAX} values", too_much=True)
    return Unreadable("a number is larger than a number can be") if walk.infinite else None


def _end(text: str, at: int) -> int:
    """Where a value ends that nobody reads, by its brackets alone: whether it is JSON inside is not looked at."""
    depth = 0
    if text[at : at + 1] not in ("[", "{"):
        return _Walk(text).value(at)
    for found in _BRACKET.finditer(text, at):
        mark = text[found.start()]
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        if depth == 0:
            return found.end()
    raise Syntax("a list or object does not end")


def _is_text(value: Any) -> bool:
    """Whether all the text in a value can be written."""
    try:
        _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_deep(value: Any) -> bool:
    """Looks level by level: whoever asks may stand deep in the stack."""
    level = [value]
    for _ in range(DEPTH_MAX):
        below: List[Any] = []
        for one in level:
            if type(one) is dict:
                below.extend(one.values())
            elif type(one) is list:
                below.extend(one)
        level = [one for one in below if type(one) is dict or type(one) is list]
        if not level:
            return False
    return True


class _Walk:
    """Goes over a value of any depth, without calling itself, and builds nothing."""

    def __init__(self, text: str, values_max: Optional[int] = None) -> None:
        self._text = text
        self._values_max = values_max
        #: How many values there were, itself among them.
        self.values = 0
        #: A number was larger than a double can be.
        self.infinite = False

    def value(self, at: int) -> int:
        """Where the value ends that begins here, or, with too many values in it, some place before that."""
        text, inside, expected = self._text, bytearray(), "value"
        while True:
            found = _TOKEN.match(text, _blanks(text, at))
            if found is None:
                raise Syntax(f"no JSON at {at}")
            kind, at = found.lastgroup, found.end()
            in_list = bool(inside) and inside[-1] == _LIST
            is_value = expected == "value" or expected == "first" and in_list
            if kind == "close" and expected in ("next", "first") and inside and ord(found.group()) == inside[-1]:
                inside.pop()
                expected = "next"
            elif kind == "open" and is_value:
                # Each bracket's end is two behind its beginning.
                inside.append(ord(found.group()) + 2)
                self.values += 1
                expected = "first"
            elif kind == "comma" and expected == "next":
                expected = "value" if in_list else "name"
            elif kind == "text" and (expected == "name" or expected == "first" and not in_list):
                expected = "colon"
            elif kind == "colon" and expected == "colon":
                expected = "value"
            elif kind in ("text", "atom") and is_value:
                self.values += 1
                if kind == "atom" and found.end() - found.start() >= _DIGITS_MAX:
                    self.infinite = self.infinite or float(found.group()) in _INFINITE
                expected = "next"
            else:
                raise Syntax(f"no JSON at {at}")
            if not inside and expected == "next" or self._values_max is not None and self.values > self._values_max:
                return at


_LIST = ord("]")
_TOO_DEEP = Unreadable(f"it nests more than {DEPTH_MAX} levels deep", too_much=True)

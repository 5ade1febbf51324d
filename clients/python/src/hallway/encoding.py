"""Layer: a value as JSON (RFC 8259) and back. Must not know what a message is.

The standard library's parser takes more than JSON: NaN, lone surrogates, any depth, numbers that become infinite. What
is taken here is what every language takes.
"""

import base64
import json
import re
from typing import Any, Callable, Iterator, List, Optional, Tuple

from .limits import DEPTH_MAX


class Syntax(ValueError):
    """It is not JSON, from a place on."""


class Unencodable(ValueError):
    """There is no way to write the value."""


class Unreadable:
    """Stands for text that is JSON and yet no value: too deep, half a character, a number beyond a double."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


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


def read(text: str, start: int) -> Tuple[Any, int]:
    """Reads the value that begins at a place: it, or an `Unreadable`, and where it ends."""
    try:
        value, end = _scan(text, start)
    except (ValueError, StopIteration, RecursionError) as error:
        # Either no JSON, which this raises, or no value.
        return Unreadable(str(error) or "it nests too deep"), _skip(text, start)
    reason = _unfit(text, start, end, value)
    return (Unreadable(reason) if reason else value), end


def members(text: str) -> Iterator[Tuple[str, Any]]:
    """The members of an object, one after the other, also those before the place where it stops being JSON."""
    at = _blanks(text, 0)
    if text[at : at + 1] != "{":
        raise Syntax("it is no object")
    at = _blanks(text, at + 1)
    comma = False
    while comma or text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            raise Syntax(f"a member's name is missing at {at}")
        name, at = read(text, at)
        at = _blanks(text, at)
        if text[at : at + 1] != ":" or isinstance(name, Unreadable):
            raise Syntax(f"no member at {at}")
        value, at = read(text, _blanks(text, at + 1))
        yield name, value
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


def _blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _unfit(text: str, start: int, end: int, value: Any) -> Optional[str]:
    """Why what was read is no value."""
    if text.count("[", start, end) + text.count("{", start, end) >= DEPTH_MAX and _is_deep(value):
        return f"it nests {DEPTH_MAX} levels or more"
    if _HALF_A_CHARACTER.search(text, start, end):
        try:
            _ENCODER.encode(value).encode()
        except UnicodeEncodeError:
            return "half a surrogate pair is no character"
    return None


def _is_deep(value: Any) -> bool:
    """Looks level by level: whoever asks may stand deep in the stack."""
    level = [value]
    for _ in range(DEPTH_MAX - 1):
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


def _skip(text: str, at: int) -> int:
    """Where the value ends that begins here, of any depth, without calling itself."""
    inside: List[str] = []
    expected = "value"
    while True:
        found = _TOKEN.match(text, _blanks(text, at))
        if found is None:
            raise Syntax(f"no JSON at {at}")
        kind, token, at = found.lastgroup, found.group(), found.end()
        if kind == "close" and expected in ("next", "first") and inside and token == inside[-1]:
            inside.pop()
            expected = "next"
        elif kind == "open" and (expected == "value" or expected == "first" and inside[-1] == "]"):
            inside.append("]" if token == "[" else "}")
            expected = "first"
            continue
        elif kind == "comma" and expected == "next":
            expected = "name" if inside[-1] == "}" else "value"
            continue
        elif kind == "text" and (expected == "name" or expected == "first" and inside[-1] == "}"):
            expected = "colon"
            continue
        elif kind == "colon" and expected == "colon":
            expected = "value"
            continue
        elif kind in ("text", "atom") and (expected == "value" or expected == "first" and inside[-1] == "]"):
            expected = "next"
        else:
            raise Syntax(f"no JSON at {at}")
        if not inside:
            return at

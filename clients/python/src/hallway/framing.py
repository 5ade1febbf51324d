"""Layer: where a message ends. Knows boundaries in a stream of bytes, not what stands between them.

Of the three framings of `spec/wire.md` this client speaks one: four bytes of length, then the body. A server answers in
the framing that it is spoken to in.
"""

import struct
from typing import Iterator, NamedTuple, Union

from .limits import FRAME_HEAD, FRAME_MAX, FRAME_SKIP_MAX, READ_SIZE


class BadFrame(ValueError):
    """The stream cannot be followed any further."""


class TooLong(NamedTuple):
    """A frame that was read over: its length, and its first bytes, which tell whose it is."""

    size: int
    head: bytes


def frame(body: bytes) -> bytes:
    """A body with its length in front."""
    return _LENGTH.pack(len(body)) + body


class Frames:
    """Bytes in, bodies out, in whatever pieces the bytes arrive. No more is kept than has arrived."""

    def __init__(self, longest: int = FRAME_MAX) -> None:
        self._longest = longest
        self._held = bytearray()
        self._skipping = 0
        self._size = 0
        self._head = bytearray()

    def is_within(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._held) or self._skipping > 0

    def receive(self, data: bytes) -> Iterator[Union[bytes, TooLong]]:
        """Takes in what was read, and hands over each frame that it completes."""
        held = self._held
        held += data
        at = 0
        try:
            while True:
                if self._skipping:
                    at = self._skip(at)
                    if self._skipping:
                        return
                    yield TooLong(self._size, bytes(self._head))
                    continue
                if len(held) - at < _LENGTH.size:
                    return
                (size,) = _LENGTH.unpack_from(held, at)
                if not 0 < size <= FRAME_SKIP_MAX:
                    raise BadFrame(f"a frame of {size} bytes: the stream is out of step")
                if size > self._longest:
                    at += _LENGTH.size
                    self._skipping = self._size = size
                    self._head = bytearray()
                    continue
                end = at + _LENGTH.size + size
                if len(held) < end:
                    return
                with memoryview(held) as all:
                    body = bytes(all[at + _LENGTH.size : end])
                at = end
                if size > READ_SIZE:
                    # Not to have it twice while it is read.
                    del held[:at]
                    at = 0
                yield body
        finally:
            del held[:at]

    def _skip(self, at: int) -> int:
        used = min(self._skipping, len(self._held) - at)
        self._head += self._held[at : at + min(used, FRAME_HEAD - len(self._head))]
        self._skipping -= used
        return at + used


_LENGTH = struct.Struct(">I")

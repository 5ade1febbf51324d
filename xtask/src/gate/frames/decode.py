import struct
import sys
import tracemalloc

from hallway import protocol
from hallway.framing import BadFrame, Frames


def peak(act):
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    act()
    return tracemalloc.get_traced_memory()[1] - before


def announce(length):
    frames = Frames()
    try:
        list(frames.receive(struct.pack(">I", length) + b"{"))
    except BadFrame:
        assert length == 0 or length > 2**28, length
    else:
        assert 0 < length <= 2**28, length


def receive(frame):
    frames = Frames()
    for at in range(0, len(frame), 65536):
        for body in frames.receive(frame[at : at + 65536]):
            message = protocol.decode(body)
            assert message.kind == "call" and message.id == 7


limit = 2**24 - 1
tracemalloc.start()
print(max(peak(lambda: announce(length)) for length in (0, 1, limit - 1, limit, limit + 1, 2**28, 2**28 + 1, 2**31, 2**32 - 1)))
for line in sys.stdin.buffer:
    body = line.rstrip(b"\n")
    frame = struct.pack(">I", len(body)) + body
    print(peak(lambda: receive(frame)))

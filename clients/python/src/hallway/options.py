"""What goes along with calls, and how long they may take."""

import math
import time
from typing import Any, Callable, Dict, NamedTuple, Optional

from .limits import CLOCK_GRACE, DEADLINE_MAX, STREAM_WINDOW, STREAM_WINDOW_MAX
from .protocol import Progress


class Options(NamedTuple):
    """What goes along with every call of a client."""

    #: How long a call may take, in seconds, retries included; for a stream, until its end.
    timeout: Optional[float] = None
    #: How many items of a stream may be on the way before they are taken.
    window: int = STREAM_WINDOW
    #: The W3C `traceparent` of the caller's span.
    trace: Optional[str] = None
    #: An idempotency key: two calls with the same one have one effect, where the method keeps keys.
    key: Optional[str] = None
    #: What to do with the progress that a call reports.
    on_progress: Optional[Callable[[Progress], object]] = None

    def but(self, **changes: Any) -> "Options":
        """The same with other values; `None` changes nothing."""
        options = self._replace(**{name: value for name, value in changes.items() if value is not None})
        return options._replace(window=min(max(options.window, 1), STREAM_WINDOW_MAX))


class Attempt:
    """One call as its caller sees it: options, and the clock that runs from the beginning on."""

    def __init__(self, options: Options, streams: bool = False) -> None:
        self.options = options
        self.after = None if options.timeout is None else min(max(options.timeout, 0.0), DEADLINE_MAX)
        self._streams = streams
        self._ends = None if self.after is None else time.monotonic() + self.after

    @property
    def until(self) -> Optional[float]:
        """When our own clock runs out, a little after the server's: its word tells more than ours."""
        return None if self._ends is None else self._ends + CLOCK_GRACE

    def left(self) -> Optional[float]:
        """How long our own clock still runs."""
        return None if self._ends is None else max(self._ends + CLOCK_GRACE - time.monotonic(), 0.0)

    def members(self) -> Dict[str, Any]:
        """What the call has on the wire."""
        members: Dict[str, Any] = {"trace": self.options.trace, "key": self.options.key}
        if self._ends is not None:
            # Rounded up: the server must not give up before the caller does.
            members["deadline_ms"] = max(math.ceil((self._ends - time.monotonic()) * 1000), 0)
        if self._streams:
            members["window"] = self.options.window
        return members

    def progressed(self, progress: Progress) -> None:
        if self.options.on_progress is not None:
            self.options.on_progress(progress)

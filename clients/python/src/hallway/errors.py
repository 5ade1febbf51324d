"""What can go wrong: one family, with the codes and outcomes of `spec/errors.md`."""

from enum import Enum
from typing import Any, NamedTuple, Optional

from .limits import ITEMS_HELD_MAX


class Outcome(str, Enum):
    """What became of a call."""

    COMPLETED = "completed"
    """It ran, and this is its answer."""
    NOT_DISPATCHED = "not_dispatched"
    """It did not run: sending it again is safe."""
    UNKNOWN = "unknown"
    """It may have run, wholly or in part."""


class WireError(NamedTuple):
    """An error as it travels."""

    code: str
    message: str = ""
    details: Any = None
    retryable: bool = False


class HallwayError(Exception):
    """What every error of this package is."""

    #: The stable code: what programs decide by.
    code: str
    #: What happened, for people.
    message: str
    #: What became of the call.
    outcome: Outcome
    #: Whether the same call may succeed later.
    retryable: bool
    #: The code's own data.
    details: Any

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        outcome: Outcome = Outcome.COMPLETED,
        details: Any = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.outcome = outcome
        self.details = details
        self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]" if self.message else self.code

    def __reduce__(self) -> Any:
        return (type(self), (self.code, self.message), self.__dict__)


class ServiceError(HallwayError):
    """The service's own no: the method ran, and this is its answer. A handler of ours says no by raising it."""


class CallError(HallwayError):
    """The conversation failed: the service has not answered."""


class Refused(CallError):
    """The other side refused the call, or failed in it, with a code of hallway's."""


class DeadlineExceeded(Refused, TimeoutError):
    """The call's deadline passed. It was taken back, but may have run."""


class Cancelled(Refused):
    """The call was taken back. It may have run."""


class ConnectionLost(CallError, ConnectionError):
    """The connection ended before the answer came."""


class NotSent(CallError, ValueError):
    """The parameters cannot be sent."""


class Overrun(CallError):
    """More of a stream had come than there was room for, because it was not taken. The stream was taken back."""


class UnexpectedResult(CallError):
    """The answer has another shape than expected: the two sides are of different versions."""


class Unreachable(CallError, ConnectionError):
    """Nobody could be reached, and no daemon could be started where that was to be tried."""

    def __init__(self, code: str, message: str = "", **more: Any) -> None:
        more.setdefault("outcome", Outcome.NOT_DISPATCHED)
        super().__init__(code, message, **more)


#: Codes of a refused call that did not run.
DID_NOT_RUN = frozenset(
    {
        "bad_frame",
        "frame_too_long",
        "bad_message",
        "unsupported_version",
        "unknown_message",
        "unauthorized",
        "duplicate_id",
        "unknown_method",
        "not_permitted",
        "slow_writer",
        "bad_params",
        "busy",
        "closing",
    }
)

#: Codes of a call that may have run.
MAY_HAVE_RUN = frozenset({"cancelled", "deadline_exceeded", "internal", "result_too_long", "bad_result"})

#: Every code that a peer may send and that is not a service's own.
PEER_CODES = DID_NOT_RUN | MAY_HAVE_RUN

_CLASSES = {"deadline_exceeded": DeadlineExceeded, "cancelled": Cancelled}


def from_peer(error: WireError) -> HallwayError:
    """The exception for an error that a peer has sent as the end of a call."""
    code, message, details, retryable = error
    if code not in PEER_CODES:
        return ServiceError(code, message, details=details, retryable=retryable)
    outcome = Outcome.NOT_DISPATCHED if code in DID_NOT_RUN else Outcome.UNKNOWN
    return _CLASSES.get(code, Refused)(code, message, outcome=outcome, details=details, retryable=retryable)


def deadline_passed(after: Optional[float], outcome: Outcome = Outcome.UNKNOWN) -> DeadlineExceeded:
    """Our own clock ran out."""
    within = "" if after is None else f" within {after:g} s"
    return DeadlineExceeded("deadline_exceeded", f"no answer{within}", outcome=outcome)


def taken_back() -> Cancelled:
    """Our own side took the call back."""
    return Cancelled("cancelled", "the caller took the call back", outcome=Outcome.UNKNOWN)


def overrun() -> Overrun:
    """More of a stream came than there was room for."""
    message = f"the stream is not taken as fast as it comes, and {ITEMS_HELD_MAX} bytes wait: ask for a smaller window"
    return Overrun("overrun", message, outcome=Outcome.UNKNOWN)


def lost(code: str, reason: str, outcome: Outcome) -> ConnectionLost:
    """The connection ended with the call open on it."""
    return ConnectionLost(code, f"the connection ended before the answer came: {reason}", outcome=outcome)


def may_retry(error: CallError, idempotent: bool) -> bool:
    """Whether a new connection and the same call again may help, as far as it is safe."""
    if isinstance(error, ConnectionLost):
        # Who was not let in would not be let in the next time.
        let_in = error.code != "unauthorized"
        return let_in and (idempotent or error.outcome is Outcome.NOT_DISPATCHED)
    return error.code == "closing"

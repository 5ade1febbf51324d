"""Making a call again."""

from typing import Optional

from .errors import CallError, ConnectionLost, Outcome, Unreachable, may_retry
from .limits import RETRIES_MAX


class Retries:
    """How often one call is made again, and what its caller hears in the end."""

    def __init__(self, idempotent: bool) -> None:
        self._idempotent = idempotent
        self._made = 0
        #: The last end of the call after which it may have run.
        self._perhaps_ran: Optional[CallError] = None

    def again(self, error: CallError) -> None:
        """Returns if the call is to be made once more after this end; raises what its caller hears if not."""
        if self._made == RETRIES_MAX or not may_retry(error, self._idempotent):
            raise self._after(error)
        self._made += 1
        if error.outcome is Outcome.UNKNOWN:
            self._perhaps_ran = error

    def _after(self, error: CallError) -> CallError:
        """What did not run this time may have run before."""
        before = self._perhaps_ran
        if before is None or error.outcome is not Outcome.NOT_DISPATCHED:
            return error
        if not isinstance(error, (ConnectionLost, Unreachable)):
            # Its code says that it did not run.
            return before
        error.outcome = Outcome.UNKNOWN
        return error

"""What a call that was made again ends in."""

import unittest

from hallway import Outcome
from hallway.errors import CallError, ConnectionLost, Refused, Unreachable
from hallway.limits import RETRIES_MAX
from hallway.retries import Retries


def lost(outcome: Outcome) -> ConnectionLost:
    return ConnectionLost("closed_by_peer", outcome=outcome)


class Ends(unittest.TestCase):
    def end(self, error: CallError, retries: Retries) -> CallError:
        with self.assertRaises(CallError) as caught:
            retries.again(error)
        return caught.exception

    def test_what_did_not_run_this_time_may_have_run_before(self) -> None:
        retries = Retries(idempotent=True)
        retries.again(lost(Outcome.UNKNOWN))
        end = self.end(Unreachable("not_running"), retries)
        self.assertEqual((end.code, end.outcome), ("not_running", Outcome.UNKNOWN))
        # The code of this one says that it did not run.
        end = self.end(Refused("busy", outcome=Outcome.NOT_DISPATCHED), retries)
        self.assertEqual((end.code, end.outcome), ("closed_by_peer", Outcome.UNKNOWN))

    def test_what_never_can_have_run_did_not(self) -> None:
        retries = Retries(idempotent=True)
        retries.again(lost(Outcome.NOT_DISPATCHED))
        self.assertIs(self.end(Unreachable("not_running"), retries).outcome, Outcome.NOT_DISPATCHED)

    def test_only_what_is_safe_is_made_again_and_not_for_ever(self) -> None:
        self.end(lost(Outcome.UNKNOWN), Retries(idempotent=False))
        retries = Retries(idempotent=False)
        for _ in range(RETRIES_MAX):
            retries.again(lost(Outcome.NOT_DISPATCHED))
        self.end(lost(Outcome.NOT_DISPATCHED), retries)

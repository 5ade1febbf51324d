"""The synchronous client with the daemon."""

import inspect
import os
import pydoc
import threading
import time
import unittest
from typing import List

import hallway
from hallway import Event, Lagged, Outcome, Progress

from .world import PATIENCE, World


FIFTH = Event(5, {"number": 5, "text": "note 5"})


class Calls(World):
    def setUp(self) -> None:
        super().setUp()
        self.install()
        self.notes = self.connect()

    def test_by_attribute_and_by_name(self) -> None:
        note = {"number": 3, "text": "note 3"}
        self.assertEqual(self.notes.find(word="3"), [note])
        self.assertEqual(self.notes.find("note", 2), self.notes.call("notes.find", {"word": "note", "limit": 2}))
        self.assertEqual(self.notes.import_(2), 2)
        self.notes.ping()
        self.assertEqual(self.notes.status()["program"], "notes 1.2.0")

    def test_signatures_and_docs_are_the_services_own(self) -> None:
        signature = inspect.signature(self.notes.find)
        self.assertEqual(str(signature), "(word: str, limit: int = 50) -> List[Note]")
        self.assertEqual(signature.parameters["word"].annotation, str)
        shown = pydoc.render_doc(self.notes.find, renderer=pydoc._PlainTextDoc())  # type: ignore[attr-defined]
        for text in ("find(word: str, limit: int = 50)", "The notes that hold a word.", "How many at most.", "number: int"):
            self.assertIn(text, shown)
        self.assertIn("locked: Somebody else writes.", str(self.notes.add.__doc__))
        self.assertEqual(str(inspect.signature(self.notes.watch)).split(" -> ")[0], "(since: Optional[int] = None)")
        self.assertIn("find", dir(self.notes))
        for wrong in (lambda: self.notes.find(), lambda: self.notes.find("a", colour=1)):
            self.assertRaises(TypeError, wrong)
        with self.assertRaisesRegex(AttributeError, "no method 'fnid'; it has add"):
            self.notes.fnid()

    def test_binary_data_is_bytes(self) -> None:
        data = bytes(range(256))
        self.assertEqual(self.notes.echo(data), data)
        self.assertEqual(self.notes.echo(b""), b"")

    def test_integers_are_exact(self) -> None:
        largest = 2**64 - 1
        self.assertEqual(self.notes.import_(count=largest), largest)
        self.assertEqual(self.notes.import_(count=2**53 + 1), 2**53 + 1)

    def test_the_services_no(self) -> None:
        with self.assertRaises(hallway.ServiceError) as empty:
            self.notes.add(text="")
        error = empty.exception
        self.assertEqual((error.code, error.details, error.retryable), ("empty", {"length": 0}, False))
        self.assertEqual((error.outcome, error.message), (Outcome.COMPLETED, "a note of 0 characters is no note"))
        with self.assertRaises(hallway.ServiceError) as locked:
            self.notes.add(text="locked")
        self.assertTrue(locked.exception.retryable)

    def test_a_failed_conversation_is_no_answer_of_the_service(self) -> None:
        for call, code, outcome in [
            (lambda: self.notes.call("notes.fnid"), "unknown_method", Outcome.NOT_DISPATCHED),
            (lambda: self.notes.call("notes.find"), "bad_params", Outcome.NOT_DISPATCHED),
            (self.notes.crash, "internal", Outcome.UNKNOWN),
            (self.notes.odd, "bad_result", Outcome.UNKNOWN),
            (lambda: self.notes.long(bytes=2**24), "result_too_long", Outcome.UNKNOWN),
            (lambda: self.notes.add(text="x" * 2**24), "frame_too_long", Outcome.NOT_DISPATCHED),
            (lambda: self.notes.add(text=object()), "params_not_encodable", Outcome.NOT_DISPATCHED),
            (lambda: self.notes.add(text="\ud800"), "params_not_encodable", Outcome.NOT_DISPATCHED),
            (lambda: self.notes.add(text=float("nan")), "params_not_encodable", Outcome.NOT_DISPATCHED),
            (lambda: self.notes.call("notes.numbers", {"to": 3}), "unexpected_result", Outcome.COMPLETED),
        ]:
            with self.subTest(code=code), self.assertRaises(hallway.CallError) as failed:
                call()
            self.assertEqual((failed.exception.code, failed.exception.outcome), (code, outcome))
        deep: List[object] = []
        for _ in range(100_000):
            deep = [deep]
        with self.assertRaises(hallway.NotSent):
            self.notes.call("notes.add", {"text": deep})
        while deep:
            deep = deep.pop()  # type: ignore[assignment]
        self.notes.ping()

    def test_long_messages_both_ways(self) -> None:
        self.assertEqual(len(self.notes.long(bytes=2**24 - 100)), 2**24 - 100)
        self.assertEqual(self.notes.add(text="x" * (2**20 - 100)), 6)
        with self.assertRaises(hallway.Refused) as refused:
            self.notes.add(text="x" * (2**24 - 100))
        self.assertEqual(refused.exception.code, "frame_too_long")

    def test_deadlines(self) -> None:
        for late in (
            lambda: self.notes.with_options(timeout=0.05).sleep(),
            lambda: self.notes.call("notes.sleep", timeout=0.05),
            lambda: self.notes.call("notes.sleep", timeout=0),
            lambda: next(self.notes.subscribe("notes.watch", timeout=0.05)),
        ):
            with self.assertRaises(TimeoutError) as failed:
                late()
            self.assertIsInstance(failed.exception, hallway.DeadlineExceeded)
        self._nothing_is_open()

    def test_progress(self) -> None:
        heard: List[Progress] = []
        self.assertEqual(self.notes.with_options(on_progress=heard.append).import_(count=3), 3)
        self.assertEqual(heard[-1], Progress(3, 3))

    def test_notifications(self) -> None:
        events = self.notes.watch()
        self.notes.notify("notes.add", {"text": "told"})
        self.assertEqual(next(events), Event(6, {"number": 6, "text": "told"}))
        events.close()

    def test_a_call_is_taken_back_from_another_thread(self) -> None:
        pending = self.notes.begin("notes.sleep")
        failed = []

        def wait() -> None:
            try:
                pending.result()
            except hallway.Cancelled as error:
                failed.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        pending.cancel()
        thread.join(PATIENCE)
        self.assertEqual([error.outcome for error in failed], [Outcome.UNKNOWN])
        self._nothing_is_open()

    def test_a_call_that_is_dropped_is_taken_back(self) -> None:
        pending = self.notes.begin("notes.sleep")
        del pending
        numbers = self.notes.numbers(to=10**9)
        self.assertEqual(next(numbers), 1)
        del numbers
        self._nothing_is_open()

    def test_several_at_once_on_one_thread(self) -> None:
        pending = [self.notes.begin("notes.import", {"count": count}) for count in range(500)]
        self.assertEqual([one.result() for one in reversed(pending)], list(reversed(range(500))))

    def test_many_threads_share_a_connection(self) -> None:
        sleeping = [self.notes.begin("notes.sleep") for _ in range(3)]
        answers: List[int] = []

        def work(first: int) -> None:
            for count in range(first, first + 50):
                answers.append(self.notes.import_(count=count))
                answers.append(sum(self.notes.numbers(to=100)) - 5050 + count)

        threads = [threading.Thread(target=work, args=(1000 * number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        expected = [1000 * number + count for number in range(20) for count in range(50)]
        self.assertEqual(sorted(answers), sorted(expected * 2))
        self.assertEqual(self.notes.status()["connections"]["total"], 1)
        for one in sleeping:
            one.cancel()

    def test_more_calls_than_a_connection_takes_wait_for_a_place(self) -> None:
        sleeping = [self.notes.begin("notes.sleep", timeout=0.2) for _ in range(1024)]
        self.notes.ping()
        del sleeping

    def test_the_server_calls_back(self) -> None:
        asked = []

        def confirm(question: str) -> bool:
            asked.append(question)
            # A handler may call the server itself.
            return len(editor.find(word="3")) == 1

        editor = self.connect(serve={"editor.confirm": confirm})
        self.assertTrue(editor.clear())
        self.assertEqual(asked, ["Throw all notes away?"])
        # Whoever serves nothing, fails, or takes other parameters, has not confirmed.
        self.assertFalse(self.notes.clear())
        self.assertFalse(self.connect(serve={"editor.confirm": lambda: True}).clear())
        self.assertFalse(self.connect(serve={"editor.confirm": lambda question: 1 / 0}).clear())
        self.assertFalse(self.connect(serve={"editor.other": lambda question: True}).clear())

    def test_the_options_of_one_do_not_change_the_other(self) -> None:
        hasty = self.notes.with_options(timeout=0.05)
        self.assertRaises(hallway.DeadlineExceeded, hasty.sleep)
        self.assertEqual(self.notes.import_(count=1), 1)
        self.assertEqual(self.notes.status()["connections"]["total"], 1)

    def test_a_forked_child_has_a_connection_of_its_own(self) -> None:
        self.notes.ping()
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if self.notes.find(word="3") and self.notes.status()["connections"]["total"] == 2 else 1)
            finally:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        self.assertEqual(status, 0)
        self.notes.ping()

    def _nothing_is_open(self) -> None:
        """Each cancel was sent before this question; the handler may take a moment to stop."""
        deadline = time.monotonic() + PATIENCE
        while self.notes.status()["calls_open"] > 1:
            self.assertLess(time.monotonic(), deadline, "a call that was taken back goes on")


class Streams(World):
    def setUp(self) -> None:
        super().setUp()
        self.install()
        self.notes = self.connect()

    def test_far_more_than_a_window(self) -> None:
        self.assertEqual(sum(self.notes.numbers(to=10_000)), 50_005_000)
        for window in (1, 2, 3, 65_536):
            self.assertEqual(len(list(self.notes.with_options(window=window).numbers(to=1000))), 1000)

    def test_one_that_is_not_read_holds_up_nothing(self) -> None:
        slow = self.notes.numbers(to=10**6)
        self.assertEqual(next(slow), 1)
        for count in range(200):
            self.assertEqual(self.notes.import_(count=count), count)
        self.assertEqual(next(slow), 2)
        slow.close()
        self.assertEqual(list(slow), [])

    def test_several_in_turns(self) -> None:
        streams = [self.notes.numbers(to=300) for _ in range(5)]
        for expected in range(1, 301):
            self.assertEqual([next(stream) for stream in streams], [expected] * 5)

    def test_a_refusal_comes_with_the_first_item(self) -> None:
        with self.assertRaises(hallway.Refused) as failed:
            next(self.notes.stream("notes.fnid"))
        self.assertEqual(failed.exception.code, "unknown_method")

    def test_events_have_numbers_and_missed_ones_are_told(self) -> None:
        with self.notes.watch(since=1) as events:
            self.assertEqual(next(events), Lagged(missed=2, next=4))
            self.assertEqual(next(events), Event(4, {"number": 4, "text": "note 4"}))
            self.assertEqual(next(events).seq, 5)
            self.assertEqual(events.seq, 5)
        with self.notes.watch(since=events.seq) as events:
            self.notes.add(text="new")
            self.assertEqual(next(events).seq, 6)
        with self.notes.watch(since=1000) as events:
            self.assertEqual(next(events), Lagged(missed=0, next=7))


class Reconnecting(World):
    def setUp(self) -> None:
        super().setUp()
        self.install()
        self.notes = self.connect()

    def test_a_daemon_that_was_killed_is_replaced_at_the_next_call(self) -> None:
        self.notes.find(word="3")
        before = self.notes.status()["pid"]
        self.kill_daemon(self.notes)
        self.assertEqual(len(self.notes.find(word="3")), 1)
        self.assertNotEqual(self.notes.status()["pid"], before)

    def test_what_was_open_is_unknown(self) -> None:
        pending, stream = self.notes.begin("notes.sleep"), self.notes.watch()
        self.kill_daemon(self.notes)
        for wait in (pending.result, lambda: next(stream)):
            with self.assertRaises(hallway.ConnectionLost) as lost:
                wait()
            self.assertEqual((lost.exception.code, lost.exception.outcome), ("closed_by_peer", Outcome.UNKNOWN))
            self.assertIsInstance(lost.exception, ConnectionError)

    def test_a_daemon_that_stops_leaves_no_call_unanswered(self) -> None:
        self.notes.stop()
        self.assertEqual(self.notes.import_(count=1), 1)

    def test_a_subscription_goes_on_where_it_was(self) -> None:
        events = self.notes.subscribe("notes.watch", {"since": 4}, resume=True)
        self.assertEqual(next(events), FIFTH)
        self.kill_daemon(self.notes)
        # The new daemon's pad has the same five notes; the sixth is the first that was not seen.
        adder = self.connect()
        adder.add(text="sixth")
        self.assertEqual(next(events), Event(6, {"number": 6, "text": "sixth"}))

    def test_a_closed_client_ends_what_is_open(self) -> None:
        stream = self.notes.watch()
        self.notes.close()
        with self.assertRaises(hallway.ConnectionLost) as lost:
            next(stream)
        self.assertEqual(lost.exception.code, "closed_by_us")


if __name__ == "__main__":
    unittest.main()

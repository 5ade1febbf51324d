"""Servers that do what no server should: nobody waits for ever, and nothing escapes but a `HallwayError`."""

import asyncio
import struct
import threading
import time
import unittest
from typing import Any, Callable, List, Optional, Tuple

import hallway
import hallway.aio
from hallway import Outcome
from hallway.conversation import Conversation as Session
from hallway.framing import frame
from hallway.limits import RETRIES_MAX, UNKNOWN_ANSWERS_MAX

from .world import PATIENCE, Conversation, Server, World

Play = Callable[[Conversation], object]


def begin(peer: Conversation) -> int:
    """Hears the client's `hello` and first call, and greets; the call's id."""
    assert "hello" in peer.message()
    call = peer.message()
    peer.say(hello={})
    return int(call["id"])


def answering(*bodies: bytes) -> Play:
    """Answers the first call with these bodies, and then reads to the end."""

    def play(peer: Conversation) -> None:
        begin(peer)
        for body in bodies:
            peer.send(body)
        while peer.receive() is not None:
            pass

    return play


class Hostile(World):
    def call(self, *plays: Play, **options: Any) -> Any:
        """What a call to a server ends in, with each of the two clients."""
        outcomes = []
        for client in (self._call, self._call_async):
            server = Server(self, *plays)
            try:
                outcomes.append(client(server.address, options))
            except hallway.HallwayError as error:
                outcomes.append((error.code, error.outcome))
            server.end()
        self.assertEqual(outcomes[0], outcomes[1])
        return outcomes[0]

    def _call(self, address: str, options: Any) -> Any:
        with hallway.connect(address, **options) as client:
            return client.call("notes.find")

    def _call_async(self, address: str, options: Any) -> Any:
        async def run() -> Any:
            async with hallway.aio.connect(address, describe=False, **options) as client:
                return await asyncio.wait_for(client.call("notes.find"), PATIENCE)

        return asyncio.run(run())

    def test_answers_that_cannot_be_read(self) -> None:
        violation = ("protocol_violation", Outcome.UNKNOWN)
        for body in (
            b'{"id":1,"result":{"a":oops}}',
            b'{"v":1,"id":1,"result":{"a":oops}}',
            b'{"v":1,"id":1,"result":1,"item":2}',
            b'{"v":1,"id":1,"result":1}}',
            b'{"id":1,"error":"no"}',
            b'{"id":1,"error":{"code":5}}',
            b'{"id":1,"progress":3}',
            b'{"id":1,"lagged":{"missed":-1,"next":1}}',
            b'{"id":1,"id":1,"result":1}',
            b'{"v":2,"id":1,"result":1}',
            b'{"result":1}',
            b'{"id":1.0,"result":1}',
            b'{"id":1,"result":"\xff"}',
            b"\xff",
            b"nonsense",
            b"[1]",
            b'{"id":1,"result":' + b"[" * 100_000,
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"id":1,"result":"' + b"x" * (2**24) + b'"}',
        ):
            with self.subTest(body=body[:60]):
                self.assertEqual(self.call(answering(body)), violation)

    def test_results_that_are_no_values(self) -> None:
        for value in (b"[" * 65 + b"]" * 65, b"[" * 100_000 + b"]" * 100_000, b'"\\ud800"', b"1e400", b"9" * 5000 + b"e9"):
            with self.subTest(value=value[:60]):
                answer = b'{"v":1,"id":1,"result":' + value + b"}"
                self.assertEqual(self.call(answering(answer)), ("unexpected_result", Outcome.COMPLETED))
        self.assertEqual(self.call(answering(b'{"v":1,"id":1,"result":18446744073709551615}')), 2**64 - 1)
        self.assertEqual(str(self.call(answering(b'{"v":1,"id":1,"result":' + b"[" * 64 + b"]" * 64 + b"}")))[:3], "[[[")

    def test_frames_that_cannot_be_followed(self) -> None:
        for prefix in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"HTTP/1.1 400 Bad Request\r\n\r\n", struct.pack(">I", 2**28 + 1)):

            def play(peer: Conversation, prefix: bytes = prefix) -> None:
                begin(peer)
                peer.stream.sendall(prefix)
                while peer.receive() is not None:
                    pass

            with self.subTest(prefix=prefix):
                self.assertEqual(self.call(play), ("protocol_violation", Outcome.UNKNOWN))

    def test_what_belongs_to_no_call_is_left(self) -> None:
        noise = [
            b'{"id":2,"result":1}',
            b'{"id":9007199254740991,"error":{"code":"busy"}}',
            b'{"id":5,"item":1}',
            b'{"cancel":true,"id":1}',
            b'{"grant":4294967295,"id":1}',
            b'{"id":7,"cancel":true}',
            b'{"teleport":{}}',
            b'{"error":{"code":"bad_message"}}',
            b'{"hello":{"program":"again"}}',
            b'{"call":"notes.find"}',
        ]
        self.assertEqual(self.call(answering(*noise, b'{"id":1,"result":"here"}', b'{"id":1,"result":"again"}')), "here")

    def test_the_end_before_hello_means_that_nothing_ran(self) -> None:
        def hang_up(peer: Conversation) -> None:
            peer.message()
            peer.message()

        again = answering(b'{"id":1,"result":"the second time"}')
        self.assertEqual(self.call(hang_up, again), "the second time")
        self.assertEqual(self.call(hang_up, hang_up, hang_up, again), "the second time")
        gone = self.call(*[hang_up] * (1 + RETRIES_MAX))
        self.assertEqual(gone, ("closed_by_peer", Outcome.NOT_DISPATCHED))

    def test_the_end_after_hello_leaves_it_unknown(self) -> None:
        again = answering(b'{"id":1,"result":"the second time"}')
        self.assertEqual(self.call(lambda peer: begin(peer)), ("closed_by_peer", Outcome.UNKNOWN))

        def half(peer: Conversation) -> None:
            begin(peer)
            peer.stream.sendall(b"\0\0\0\x20{")

        self.assertEqual(self.call(half), ("closed_by_peer", Outcome.UNKNOWN))
        self.assertEqual(self.call(lambda peer: peer.say(goaway={"code": "busy"}), again), "the second time")

    def test_goaway_tells_which_calls_did_not_run(self) -> None:
        def farewell(last: int) -> Play:
            def play(peer: Conversation) -> None:
                id = begin(peer)
                peer.say(goaway={"code": "closing", "message": "asked to stop", "last": last})
                if last:
                    peer.say(id=id, result="answered after all")
                while peer.receive() is not None:
                    pass

            return play

        again = answering(b'{"id":1,"result":"the second time"}')
        self.assertEqual(self.call(farewell(0), again), "the second time")
        self.assertEqual(self.call(farewell(1)), "answered after all")
        self.assertEqual(self.call(refused_and_gone, again), "the second time")

    def test_words_before_the_end_are_the_reason(self) -> None:
        def unauthorized(peer: Conversation) -> None:
            peer.message()
            peer.say(error={"code": "unauthorized", "message": "the token is wrong"})

        self.assertEqual(self.call(unauthorized), ("unauthorized", Outcome.NOT_DISPATCHED))

    def test_a_refused_call_has_the_codes_outcome(self) -> None:
        for code, outcome in [("busy", Outcome.NOT_DISPATCHED), ("internal", Outcome.UNKNOWN), ("new", Outcome.COMPLETED)]:
            answer = b'{"id":1,"error":{"code":"%s"}}' % code.encode()
            self.assertEqual(self.call(answering(answer)), (code, outcome))

    def test_more_items_than_were_granted(self) -> None:
        def flood(peer: Conversation) -> None:
            id = begin(peer)
            for number in range(65):
                peer.say(id=id, item=number)
            while peer.receive() is not None:
                pass

        server = Server(self, flood)
        with hallway.connect(server.address) as client, self.assertRaises(hallway.ConnectionLost) as lost:
            # They are counted as they come, not as they are taken.
            stream = client.stream("notes.numbers")
            client.begin("notes.find").result()
        self.assertEqual(lost.exception.code, "protocol_violation")
        del stream

    def test_grants_come_by_half_a_window(self) -> None:
        grants: List[Tuple[int, int]] = []

        def play(peer: Conversation) -> None:
            id = begin(peer)
            for sent in range(1, 11):
                peer.say(id=id, item=sent)
                if sent % 2 == 0:
                    grants.append((sent, peer.message()["grant"]))
            peer.say(id=id, result=None)
            peer.receive()

        server = Server(self, play)
        with hallway.connect(server.address) as client:
            stream = client.with_options(window=4).stream("notes.numbers")
            self.assertEqual(list(stream), list(range(1, 11)))
        self.assertEqual(grants, [(sent, 2) for sent in (2, 4, 6, 8, 10)])

    def test_a_server_that_does_not_read(self) -> None:
        def deaf(peer: Conversation) -> None:
            begin(peer)
            finished.wait(PATIENCE)

        finished = threading.Event()
        server = Server(self, deaf)
        with hallway.connect(server.address, timeout=0.3) as client:
            sleeping = client.begin("notes.sleep")
            began = time.monotonic()
            with self.assertRaises(hallway.DeadlineExceeded):
                client.call("notes.add", {"text": "x" * 2**23})
            self.assertLess(time.monotonic() - began, 20)
            del sleeping
        finished.set()

    def test_a_server_that_asks_and_does_not_read_the_answers(self) -> None:
        def asks(peer: Conversation) -> None:
            begin(peer)
            for id in range(1, 100_000):
                peer.say(id=id, call="editor.confirm")

        self.assertEqual(self.call(asks), ("protocol_violation", Outcome.UNKNOWN))

    def test_the_servers_calls_are_answered_once(self) -> None:
        answers: List[Any] = []

        def asks(peer: Conversation) -> None:
            id = begin(peer)
            peer.say(id=1, call="editor.confirm", params={"question": "?"})
            peer.say(id=2, call="editor.confirm", params={"wrong": "?"})
            peer.say(id=3, call="editor.fail")
            peer.say(id=4, call="editor.no")
            peer.say(id=5, call="editor.none")
            peer.say(id=6, call="editor.odd")
            peer.say(call="editor.fail")
            for _ in range(6):
                answers.append(peer.message())
            peer.say(id=id, result="done")
            peer.receive()

        def no() -> None:
            raise hallway.ServiceError("locked", "not now", details={"by": 1}, retryable=True)

        serve = {
            "editor.confirm": lambda question: True,
            "editor.fail": lambda: dict[str, str]()["secret"],
            "editor.no": no,
            "editor.odd": lambda: object(),
        }
        self.assertEqual(self.call(asks, serve=serve), "done")
        self.assertEqual(len(answers), 12)
        for some in (answers[:6], answers[6:]):
            found = {one["id"]: one.get("result", one.get("error", {}).get("code")) for one in some}
            codes = {2: "bad_params", 3: "internal", 4: "locked", 5: "unknown_method", 6: "bad_result"}
            self.assertEqual(found, {1: True, **codes})
            self.assertNotIn("secret", str(some))
            locked: Optional[Any] = next(one["error"] for one in some if one["id"] == 4)
            self.assertEqual(locked, {"code": "locked", "message": "not now", "details": {"by": 1}, "retryable": True})

    def test_a_description_that_is_none(self) -> None:
        for described in (b"null", b"{}", b"[1]", b"[]", b'[{"name":5}]', b'[{"name":"x","methods":[{"name":"a","params":[0]}]}]'):
            server = Server(self, answering(b'{"id":1,"result":' + described + b"}"))
            with self.subTest(described=described), hallway.connect(server.address) as client:
                with self.assertRaises(hallway.UnexpectedResult):
                    client.find()
            server.end()


def refused_and_gone(peer: Conversation) -> None:
    """As a call that crosses a `goaway` is answered."""
    id = begin(peer)
    peer.say(id=id, error={"code": "closing"})
    peer.say(goaway={"code": "closing"})
    peer.receive()


class Farewell(unittest.TestCase):
    def test_refusals_of_calls_that_crossed_a_farewell_are_no_violation(self) -> None:
        crossed = 150
        conversation = Session({}, serves=False)
        calls = [conversation.begin("x.y", {}) for _ in range(1 + crossed)]
        said = [frame(b'{"hello":{}}'), frame(b'{"goaway":{"code":"closing","message":"an upgrade","last":1}}')]
        for call in calls[1:]:
            said.append(frame(b'{"id":%d,"error":{"code":"closing","message":"no call is taken"}}' % call.id))
        conversation.receive(b"".join(said))
        self.assertIsNone(conversation.closed)
        self.assertFalse(calls[0].has_ended())
        # What was not to be expected is counted as ever.
        for _ in range(UNKNOWN_ANSWERS_MAX + 1):
            conversation.receive(frame(b'{"id":77,"result":null}'))
        self.assertIsNotNone(conversation.closed)

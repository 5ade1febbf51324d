"""The asyncio client with the daemon."""

import asyncio
import inspect
import time
from typing import Any, Awaitable, Callable, List

import hallway
import hallway.aio
from hallway import Event, Lagged, Outcome, Progress

from .world import PATIENCE, World

Test = Callable[[hallway.aio.Client], Awaitable[Any]]


class Aio(World):
    def run_with(self, test: Test, **options: Any) -> None:
        """Runs a test with a client, which is closed at its end."""
        self.install()
        self.addCleanup(self.stop_daemon)

        async def run() -> None:
            async with hallway.aio.connect("notes", env=self.env, **options) as notes:
                await asyncio.wait_for(test(notes), PATIENCE)

        asyncio.run(run())

    def test_calls(self) -> None:
        async def test(notes: hallway.aio.Client) -> None:
            note = {"number": 3, "text": "note 3"}
            self.assertEqual(await notes.find(word="3"), [note])
            self.assertEqual(await notes.call("notes.find", {"word": "3"}), [note])
            self.assertEqual(await notes.echo(b"\0\xff"), b"\0\xff")
            self.assertEqual(await notes.import_(count=2**64 - 1), 2**64 - 1)
            self.assertEqual((await notes.status())["program"], "notes 1.2.0")
            signature = str(inspect.signature(notes.numbers))
            self.assertEqual(signature, "(to: int) -> AsyncIterator[int]")
            self.assertIn("find", dir(notes))
            await notes.ping()

        self.run_with(test)

    def test_failures(self) -> None:
        async def test(notes: hallway.aio.Client) -> None:
            for call, code, outcome in [
                (lambda: notes.add(text=""), "empty", Outcome.COMPLETED),
                (lambda: notes.call("notes.fnid"), "unknown_method", Outcome.NOT_DISPATCHED),
                (notes.crash, "internal", Outcome.UNKNOWN),
                (lambda: notes.add(text="x" * 2**24), "frame_too_long", Outcome.NOT_DISPATCHED),
                (lambda: notes.add(text=object()), "params_not_encodable", Outcome.NOT_DISPATCHED),
                (lambda: notes.call("notes.numbers", {"to": 3}), "unexpected_result", Outcome.COMPLETED),
                (lambda: notes.call("notes.sleep", timeout=0.05), "deadline_exceeded", Outcome.UNKNOWN),
            ]:
                with self.subTest(code=code), self.assertRaises(hallway.HallwayError) as failed:
                    await call()
                self.assertEqual((failed.exception.code, failed.exception.outcome), (code, outcome))
                self.assertEqual(isinstance(failed.exception, hallway.ServiceError), code == "empty")

        self.run_with(test)

    def test_streams(self) -> None:
        async def test(notes: hallway.aio.Client) -> None:
            self.assertEqual(sum([number async for number in notes.numbers(to=10_000)]), 50_005_000)
            slow = notes.numbers(to=10**6)
            self.assertEqual(await slow.__anext__(), 1)
            self.assertEqual(await notes.import_(count=1), 1)
            self.assertEqual(await slow.__anext__(), 2)
            await slow.aclose()
            found: List[Any] = []
            async with notes.subscribe("notes.watch", {"since": 1}) as events:
                async for event in events:
                    found.append(event)
                    if len(found) == 3:
                        break
            first = Event(4, {"number": 4, "text": "note 4"})
            self.assertEqual((found[0], found[1].seq, found[2].seq), (Lagged(2, 4), first.seq, 5))
            await self._nothing_is_open(notes)

        self.run_with(test)

    def test_many_tasks_share_a_connection(self) -> None:
        async def test(notes: hallway.aio.Client) -> None:
            calls = [notes.import_(count=count) for count in range(3000)]
            self.assertEqual(await asyncio.gather(*calls), list(range(3000)))
            sums = await asyncio.gather(*(self._sum(notes) for _ in range(20)))
            self.assertEqual(sums, [5050] * 20)
            self.assertEqual((await notes.status())["connections"]["total"], 1)

        self.run_with(test)

    def test_a_cancelled_task_takes_its_call_back(self) -> None:
        async def test(notes: hallway.aio.Client) -> None:
            heard: List[Progress] = []
            await notes.call("notes.import", {"count": 3}, on_progress=heard.append)
            self.assertEqual(heard[-1], Progress(3, 3))
            for wait in (notes.sleep, lambda: notes.watch().__anext__()):
                task = asyncio.ensure_future(wait())
                while (await notes.status())["calls_open"] < 2:
                    await asyncio.sleep(0)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                await self._nothing_is_open(notes)

        self.run_with(test)

    def test_the_server_calls_back(self) -> None:
        async def confirm(question: str) -> bool:
            await asyncio.sleep(0)
            return question == "Throw all notes away?"

        async def test(notes: hallway.aio.Client) -> None:
            self.assertTrue(await notes.clear())

        self.run_with(test, serve={"editor.confirm": confirm})

    def test_a_daemon_that_was_killed_is_replaced(self) -> None:
        async def test(notes: hallway.aio.Client) -> None:
            await notes.ping()
            sleeping = asyncio.ensure_future(notes.sleep())
            events = notes.subscribe("notes.watch", {"since": 4}, resume=True)
            self.assertEqual(await events.__anext__(), Event(5, {"number": 5, "text": "note 5"}))
            with self.connect() as other:
                self.kill_daemon(other)
            with self.assertRaises(hallway.ConnectionLost) as lost:
                await sleeping
            self.assertEqual(lost.exception.outcome, Outcome.UNKNOWN)
            self.assertEqual(len(await notes.find(word="3")), 1)
            await notes.add(text="sixth")
            self.assertEqual(await events.__anext__(), Event(6, {"number": 6, "text": "sixth"}))

        self.run_with(test)

    async def _sum(self, notes: hallway.aio.Client) -> int:
        return sum([number async for number in notes.numbers(to=100)])

    async def _nothing_is_open(self, notes: hallway.aio.Client) -> None:
        deadline = time.monotonic() + PATIENCE
        while (await notes.status())["calls_open"] > 1:
            self.assertLess(time.monotonic(), deadline, "a call that was taken back goes on")

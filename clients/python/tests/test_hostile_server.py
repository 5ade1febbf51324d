"""`spec/vectors/hostile-server.json`, played to both clients: every call ends as the case says, and takes little memory."""

import asyncio
import faulthandler
import json
import subprocess
import tracemalloc
from typing import Any, Callable, Dict, List, Optional, Tuple

import hallway
import hallway.aio
from hallway import Event, HallwayError, Lagged

from .cases import SPEC, Case, read
from .world import HOSTILE, PATIENCE, World

#: What a server can make a client hold, in bytes.
MEMORY_MAX = 64 * 1024 * 1024

#: Cases of which the memory is measured, which makes everything slow: those that bring much. What is kept of it is the
#: same for both clients.
MEASURED = ("flood", "long", "many", "deep", "depth", "limit")

ALIVE = {"call": "notes.find", "ends": {"value": "alive"}}

Clients = Callable[[str, List[Case]], None]


class HostileServer(World):
    def test_a15_with_the_synchronous_client(self) -> None:
        self.run_all(act_out, measured=MEASURED)

    def test_a15_with_the_asyncio_client(self) -> None:
        self.run_all(lambda address, acts: asyncio.run(act_out_async(address, acts)))

    def run_all(self, act: Clients, measured: Tuple[str, ...] = ()) -> None:
        cases = read("hostile-server.json", {"acts", "plays", "then"})
        self.assertGreaterEqual(len(cases), 30)
        failed = []
        for number, case in enumerate(cases):
            # Each has the patience that other tests have in all.
            faulthandler.dump_traceback_later(2 * PATIENCE, exit=True)
            try:
                self.play(f"{number}.sock", case, act, any(word in case["name"] for word in measured))
            except Exception as error:
                failed.append(f"{case['name']}: {type(error).__name__}: {error}")
        self.assertFalse(failed, "\n".join(failed))

    def play(self, socket: str, case: Case, act: Clients, measured: bool) -> None:
        acts = case["acts"] + ([ALIVE] if "then" in case else [])
        path = self.root / socket
        path.unlink(missing_ok=True)
        server = subprocess.Popen([HOSTILE, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with server:
            try:
                assert server.stdin is not None and server.stdout is not None and server.stderr is not None
                server.stdin.write(json.dumps(case).encode() + b"\n")
                server.stdin.close()
                assert server.stdout.readline() == b"listens\n"
                run = peak_of if measured else untouched
                peak = run(lambda: act(f"unix:{path}", acts))
                assert peak <= MEMORY_MAX, f"{peak} bytes were allocated"
                said = server.stderr.read()
                assert server.wait(PATIENCE) == 0, said.decode()
            finally:
                server.kill()


def untouched(act: Callable[[], object]) -> int:
    act()
    return 0


def peak_of(act: Callable[[], object]) -> int:
    """The most memory that it takes, in bytes."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def ended(found: Any, expected: Any) -> None:
    assert found == expected, f"found {found!r:.300}, where {expected!r:.300} was expected"


def failure(error: HallwayError) -> Dict[str, str]:
    return {"code": error.code, "outcome": error.outcome.value}


def options(act: Case) -> Dict[str, Any]:
    timeout: Optional[int] = act.get("timeout_ms")
    return {"params": {"text": "x" * act.get("bytes", 0)}, "timeout": None if timeout is None else timeout / 1000}


def in_runs(taken: List[Case], arrival: Any) -> None:
    """Adds what was taken to what was before it."""
    last = taken[-1] if taken else {}
    if isinstance(arrival, Lagged):
        taken.append({"missed": arrival.missed, "next": arrival.next})
    elif isinstance(arrival, Event):
        if last.get("to") == arrival.seq - 1:
            last["to"] = arrival.seq
        else:
            taken.append({"from": arrival.seq, "to": arrival.seq})
    elif "items" in last:
        last["items"] += 1
    else:
        taken.append({"items": 1})


def act_out(address: str, acts: List[Case]) -> None:
    with hallway.connect(address) as client:
        opened: Any = None
        for act in acts:
            if "open" in act:
                with_window = client.with_options(window=act.get("window"))
                subscribes = act["open"] == "subscription"
                opened = with_window.subscribe("notes.watch") if subscribes else with_window.stream("notes.numbers")
                continue
            try:
                if "take" in act:
                    taken: List[Case] = []
                    value = None
                    try:
                        for arrival in opened:
                            in_runs(taken, arrival)
                    finally:
                        ended(taken, act["take"])
                else:
                    value = client.call(act["call"], **options(act))
                ended({"value": value}, act["ends"])
            except HallwayError as error:
                ended({name: failure(error)[name] for name in act["ends"] if name != "value"}, act["ends"])


async def act_out_async(address: str, acts: List[Case]) -> None:
    async with hallway.aio.connect(address, describe=False) as client:
        opened: Any = None
        for act in acts:
            if "open" in act:
                with_window = client.with_options(window=act.get("window"))
                subscribes = act["open"] == "subscription"
                opened = with_window.subscribe("notes.watch") if subscribes else with_window.stream("notes.numbers")
                # By itself it would be opened as its first item is taken.
                opened._opened = await opened._open()
                continue
            try:
                if "take" in act:
                    value = None
                    taken: List[Case] = []
                    try:
                        async for arrival in opened:
                            in_runs(taken, arrival)
                    finally:
                        ended(taken, act["take"])
                else:
                    value = await asyncio.wait_for(client.call(act["call"], **options(act)), PATIENCE)
                ended({"value": value}, act["ends"])
            except HallwayError as error:
                ended({name: failure(error)[name] for name in act["ends"] if name != "value"}, act["ends"])

"""One connection of the asyncio client: the event loop reads, and wakes the tasks that wait."""

import asyncio
import socket
from collections import deque
from typing import Any, Deque, Dict, Iterable, Optional, Set, cast

from .conversation import Arrival, Conversation, OpenCall, Request
from .errors import Outcome, WireError, deadline_passed
from .limits import CALLS_RUNNING_MAX
from .options import Attempt
from .serving import Handlers, bind, failure


class Link(asyncio.Protocol):
    """A transport, and the conversation on it."""

    def __init__(self, hello: Dict[str, Any], handlers: Handlers) -> None:
        self._handlers = handlers
        self._conversation = Conversation(hello, bool(handlers))
        self._loop = asyncio.get_running_loop()
        self._transport: Optional[asyncio.Transport] = None
        self._paused = False
        #: Tasks that wait for a place for a call, or for the server to read.
        self._for_room: Deque["asyncio.Future[None]"] = deque()
        self._tasks: Set["asyncio.Task[None]"] = set()

    @classmethod
    async def over(cls, stream: socket.socket, hello: Dict[str, Any], handlers: Handlers) -> "Link":
        """Uses a socket that is connected."""
        loop = asyncio.get_running_loop()
        stream.setblocking(False)
        opened: Any
        if stream.family == socket.AF_UNIX:
            opened = loop.create_unix_connection(lambda: cls(hello, handlers), sock=stream)
        else:
            opened = loop.create_connection(lambda: cls(hello, handlers), sock=stream)
        _transport, link = await opened
        return cast(Link, link)

    def takes_calls(self) -> bool:
        """Whether a call that is begun now has a chance."""
        return self._conversation.takes_calls()

    def is_of(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether it runs on this event loop."""
        return self._loop is loop

    async def begin(self, method: str, params: Any, attempt: Attempt) -> OpenCall:
        """Sends a call, once there is a place for it."""
        await self._room(attempt)
        call = self._conversation.begin(method, params, **attempt.members())
        self._flush()
        return call

    async def notify(self, method: str, params: Any, attempt: Attempt) -> None:
        """Sends a notification."""
        await self._room(attempt)
        self._conversation.notify(method, params, trace=attempt.options.trace)
        self._flush()

    async def next(self, call: OpenCall, left: Optional[float]) -> Optional[Arrival]:
        """Waits for what comes next for a call; `None` once so many seconds have passed."""
        arrival = call.take()
        if arrival is not None:
            return arrival
        call.waiter = self._loop.create_future()
        timer = None if left is None else self._loop.call_later(left, _wake, call.waiter)
        try:
            await call.waiter
        finally:
            call.waiter = None
            if timer is not None:
                timer.cancel()
        return call.take()

    def grant(self, call: OpenCall) -> None:
        """An item was taken."""
        items = call.take_credit()
        if items:
            self._conversation.grant(call, items)
            self._flush()

    def abandon(self, call: OpenCall) -> None:
        """Takes a call back."""
        self._conversation.abandon(call)
        self._flush()

    def drop(self, call: OpenCall) -> None:
        """Takes a call back from wherever the interpreter drops things."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.abandon, call)

    def close(self) -> None:
        """Ends the connection."""
        self._end("closed_by_us", "this side closed it")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        conversation = self._conversation
        self._woken(conversation.receive(data))
        self._flush()
        if conversation.closed is not None:
            self._end(*conversation.closed[:2])
        elif conversation.is_done():
            self._end("goaway", "the server said that it closes")
        self._serve()
        self._stop_taken_back()

    def eof_received(self) -> bool:
        self._woken(self._conversation.receive(b""))
        return False

    def connection_lost(self, error: Optional[Exception]) -> None:
        broken = error is not None and not isinstance(error, ConnectionError)
        self._end("io" if broken else "closed_by_peer", str(error or "the server closed the connection"))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._flush()
        self._give_room()

    async def _room(self, attempt: Attempt) -> None:
        while self._conversation.takes_calls() and (self._paused or not self._conversation.has_room()):
            left = attempt.left()
            room: "asyncio.Future[None]" = self._loop.create_future()
            self._for_room.append(room)
            try:
                await asyncio.wait_for(room, left)
            except asyncio.TimeoutError:
                raise deadline_passed(attempt.after, Outcome.NOT_DISPATCHED) from None
            finally:
                if room in self._for_room:
                    self._for_room.remove(room)

    def _give_room(self) -> None:
        for room in self._for_room:
            _wake(room)

    def _flush(self) -> None:
        out = self._conversation.out
        # What the server does not take stays here, where it is counted.
        if out and self._transport is not None and not self._paused:
            self._transport.write(bytes(out))
            self._conversation.sent(len(out))

    def _woken(self, calls: Iterable[OpenCall]) -> None:
        for call in calls:
            if call.waiter is not None:
                _wake(call.waiter)
        self._give_room()

    def _end(self, code: str, reason: str) -> None:
        self._woken(self._conversation.close(code, reason))
        self._stop_taken_back()
        if self._transport is not None and code in ("closed_by_us", "goaway") and not self._paused:
            self._transport.close()
        elif self._transport is not None:
            # What is in line would be waited for, and nobody may read it.
            self._transport.abort()

    def _stop_taken_back(self) -> None:
        taken_back, self._conversation.taken_back = self._conversation.taken_back, []
        for request in taken_back:
            if request.runs_as is not None:
                request.runs_as.cancel()

    def _serve(self) -> None:
        requests = self._conversation.requests
        while requests and len(self._tasks) < CALLS_RUNNING_MAX:
            request = requests.popleft()
            request.runs_as = self._loop.create_task(self._run(request))
            self._tasks.add(request.runs_as)
            request.runs_as.add_done_callback(self._served)

    def _served(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._serve()

    async def _run(self, request: Request) -> None:
        within = None if request.deadline_ms is None else request.deadline_ms / 1000
        try:
            value = await asyncio.wait_for(_handle(self._handlers, request), within)
        except asyncio.TimeoutError:
            late = WireError("deadline_exceeded", "the call's deadline passed before it had finished")
            self._conversation.refuse(request, late)
        except asyncio.CancelledError:
            self._conversation.refuse(request, WireError("cancelled", "the caller took the call back"))
        except Exception as error:
            self._conversation.refuse(request, failure(error))
        else:
            self._conversation.answer(request, value)
        self._flush()


async def _handle(handlers: Handlers, request: Request) -> Any:
    value = bind(handlers, request)()
    return await value if asyncio.iscoroutine(value) or asyncio.isfuture(value) else value


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)

"""One connection of the synchronous client, for any number of threads.

There is no thread that reads. Of the threads that wait for something, one reads for all, and hands that over when it has
what it waited for; so nothing runs while nobody waits, and a fork or an interpreter that ends has nothing to stop.
"""

import select
import socket
import threading
import time
from collections import deque
from typing import Any, Deque, Dict, Iterable, List, Optional

from .conversation import Arrival, Conversation, OpenCall, Request
from .errors import Outcome, deadline_passed, lost
from .limits import READ_SIZE
from .options import Attempt
from .serving import Handlers, bind, failure


class Session:
    """A connected socket, and the conversation on it."""

    def __init__(self, stream: socket.socket, hello: Dict[str, Any], handlers: Handlers) -> None:
        self._stream = stream
        self._handlers = handlers
        self._conversation = Conversation(hello, bool(handlers))
        self._lock = threading.Lock()
        #: Whether a thread reads for all, and how many threads use the socket without the lock.
        self._reading, self._outside = False, 0
        #: Threads that wait: for their calls, and for a place for a call.
        self._waiting: List[threading.Condition] = []
        self._for_room: List[threading.Condition] = []
        #: Calls whose streams were dropped, at a moment when the lock may be held.
        self._dropped: Deque[OpenCall] = deque()
        self._closed = False

    def is_usable(self) -> bool:
        """Whether a call has a chance, now that what came while nobody called has been looked at."""
        with self._lock:
            if self._conversation.is_idle() and not self._reading and not self._closed:
                self._receive_now()
            return self._conversation.takes_calls()

    def begin(self, method: str, params: Any, attempt: Attempt) -> OpenCall:
        """Sends a call. What the system does not take at once is sent as the answer is waited for."""
        with self._lock:
            while not self._conversation.has_room():
                self._make_way(attempt)
            call = self._conversation.begin(method, params, **attempt.members())
            self._flush()
            return call

    def notify(self, method: str, params: Any, attempt: Attempt) -> None:
        """Sends a notification."""
        with self._lock:
            self._conversation.notify(method, params, trace=attempt.options.trace)
            self._flush()
            while self._conversation.out:
                self._make_way(attempt)
            if self._conversation.closed is not None:
                raise lost(*self._conversation.closed[:2], Outcome.UNKNOWN)

    def next(self, call: OpenCall, until: Optional[float]) -> Optional[Arrival]:
        """Waits for what comes next for a call; `None` once the deadline has passed."""
        with self._lock:
            try:
                while True:
                    arrival = call.take()
                    if arrival is not None:
                        return arrival
                    left = None if until is None else until - time.monotonic()
                    if left is not None and left <= 0:
                        return None
                    self._turn(call, left)
            finally:
                self._hand_over()

    def grant(self, call: OpenCall) -> None:
        """An item was taken."""
        with self._lock:
            items = call.take_credit()
            if items:
                self._conversation.grant(call, items)
                self._flush()

    def abandon(self, call: OpenCall) -> None:
        """Takes a call back."""
        with self._lock:
            self._conversation.abandon(call)
            self._flush()
            self._wake([call])

    def drop(self, call: OpenCall) -> None:
        """Takes a call back from wherever the interpreter drops things: never waits for the lock."""
        self._dropped.append(call)
        if self._lock.acquire(blocking=False):
            try:
                self._flush()
            finally:
                self._lock.release()

    def close(self) -> None:
        """Ends the connection."""
        with self._lock:
            self._end("closed_by_us", "this side closed it")

    def forget(self) -> None:
        """Lets go of a connection that another process goes on with."""
        self._stream.close()

    def _make_way(self, attempt: Attempt) -> None:
        """Waits for a place, or for the server to take what is in line."""
        left = None if attempt.until is None else attempt.until - time.monotonic()
        if left is not None and left <= 0:
            raise deadline_passed(attempt.after, Outcome.NOT_DISPATCHED)
        self._turn(None, left)
        self._hand_over()

    def _turn(self, call: Optional[OpenCall], left: Optional[float]) -> None:
        """Moves the conversation on by one read, or waits for the thread that reads. The lock is held."""
        self._flush()
        leads, writes = not self._reading, bool(self._conversation.out)
        if self._closed:
            return
        if not leads and not writes:
            return self._wait(call, left)
        self._reading = self._reading or leads
        self._outside += 1
        self._lock.release()
        try:
            data = self._read(leads, writes, left)
        except OSError as error:
            data = error
        finally:
            self._lock.acquire()
            self._outside -= 1
            if leads:
                self._reading = False
        self._heard(data)

    def _wait(self, call: Optional[OpenCall], left: Optional[float]) -> None:
        condition = threading.Condition(self._lock)
        waits = [self._waiting] if call is not None else [self._waiting, self._for_room]
        for waiting in waits:
            waiting.append(condition)
        if call is not None:
            call.waiter = condition
        try:
            condition.wait(left)
        finally:
            for waiting in waits:
                waiting.remove(condition)
            if call is not None:
                call.waiter = None

    def _read(self, reads: bool, writes: bool, left: Optional[float]) -> Any:
        """Waits and reads, without the lock; `None` if there is nothing to read."""
        if writes or left is not None:
            poll = select.poll()
            poll.register(self._stream, (select.POLLIN if reads else 0) | (select.POLLOUT if writes else 0))
            # Rounded up: a wait that ends too early would only be begun again.
            ready = poll.poll(None if left is None else int(left * 1000) + 1)
            if not reads or not any(event & ~select.POLLOUT for _, event in ready):
                return None
        return self._stream.recv(READ_SIZE)

    def _receive_now(self) -> None:
        """Reads what is there, without waiting."""
        try:
            self._heard(self._stream.recv(READ_SIZE, socket.MSG_DONTWAIT))
        except BlockingIOError:
            pass
        except OSError as error:
            self._heard(error)

    def _heard(self, data: Any) -> None:
        conversation = self._conversation
        if data is None or self._closed:
            return
        if isinstance(data, OSError):
            # What the peer has said before it went has been read by now.
            code = "closed_by_peer" if isinstance(data, ConnectionResetError) else "io"
            return self._end(code, f"cannot read: {data.strerror or data}")
        self._wake(conversation.receive(data))
        self._flush()
        if conversation.closed is not None:
            self._end(*conversation.closed[:2])
        elif conversation.is_done():
            self._end("goaway", "the server said that it closes")
        while conversation.requests:
            self._serve(conversation.requests.popleft())
        # A handler of ours runs on a thread that waits for something else: it cannot be stopped.
        conversation.taken_back.clear()

    def _serve(self, request: Request) -> None:
        """Runs a handler, without the lock, so that it may call the server itself."""
        self._hand_over()
        self._lock.release()
        try:
            value, error = bind(self._handlers, request)(), None
        except Exception as failed:
            value, error = None, failure(failed)
        finally:
            self._lock.acquire()
        if error is None:
            self._conversation.answer(request, value)
        else:
            self._conversation.refuse(request, error)
        self._flush()

    def _flush(self) -> None:
        """Writes what the system takes. A failure shows at the next read, which first brings the last words."""
        conversation = self._conversation
        while self._dropped:
            conversation.abandon(self._dropped.popleft())
        while conversation.out and not self._closed:
            try:
                conversation.sent(self._stream.send(conversation.out, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return
            except OSError:
                self._receive_last_words()
                return

    def _receive_last_words(self) -> None:
        """Nothing can be written any more: what was said before that is still there to read."""
        while not self._closed and not self._reading:
            try:
                data = self._stream.recv(READ_SIZE, socket.MSG_DONTWAIT)
            except OSError:
                data = b""
            self._wake(self._conversation.receive(data))
            if self._conversation.closed is not None:
                self._end(*self._conversation.closed[:2])

    def _end(self, code: str, reason: str) -> None:
        touched = self._conversation.close(code, reason)
        if not self._closed:
            self._closed = True
            try:
                # A thread that reads hears of it.
                self._stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._wake(touched)
        for condition in self._waiting:
            condition.notify()
        self._hand_over()

    def _wake(self, calls: Iterable[OpenCall]) -> None:
        for call in calls:
            if call.waiter is not None:
                call.waiter.notify()
        for condition in self._for_room:
            condition.notify()

    def _hand_over(self) -> None:
        """Whoever stops reading wakes somebody who goes on."""
        if self._closed and not self._outside:
            self._stream.close()
        if not self._reading and self._waiting:
            self._waiting[0].notify()

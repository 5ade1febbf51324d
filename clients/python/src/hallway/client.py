"""The synchronous client."""

import os
import threading
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Type, TypeVar, Union

from . import hello
from .address import Reach, resolve
from .conversation import Event, Item, OpenCall
from .describe import Description, Method, Service
from .errors import CallError, UnexpectedResult, deadline_passed, may_retry, taken_back
from .limits import REACH_DEADLINE
from .options import Attempt, Options
from .paths import Env
from .phase import OnPhase
from .protocol import Lagged, Progress
from .retries import Retries
from .serving import Handlers
from .session import Session

Params = Optional[Mapping[str, Any]]
T = TypeVar("T")


def connect(
    name: str,
    *,
    start: bool = True,
    on_phase: Optional[OnPhase] = None,
    within: float = REACH_DEADLINE,
    timeout: Optional[float] = None,
    serve: Optional[Handlers] = None,
    program: str = hello.PROGRAM,
    token: Optional[str] = None,
    env: Optional[Env] = None,
) -> "Client":
    """Connects to a daemon, and starts it first if it does not run.

    `name` is that of an instance, such as `mail` or `mail@work`, or an address: `unix:/path`, `tcp:127.0.0.1:PORT`.

    * `start`: whether a daemon that does not run is started, in the way that its service file tells.
    * `on_phase`: hears what a starting daemon is busy with.
    * `within`: how long the daemon may take to answer or to come up, in seconds.
    * `timeout`: how long a call may take, in seconds; for ever if not said.
    * `serve`: what the server may call here, by `service.method`: functions that take the parameters by keyword. They
      run on a thread that waits for an answer of the server's, so only while one does.
    * `program`: name and version of the caller, for the server's log.
    * `token`: the secret of a listener on TCP.
    * `env`: the environment that tells where things are; the process's own if not said.

    Raises `Unreachable`.
    """
    reach = resolve(name, env=env, start=start, on_phase=on_phase)
    source = _Source(reach, within, hello.of(program, token), dict(serve or {}))
    source.session()
    return Client(source, Options().but(timeout=timeout), hello.service_of(name))


class Client:
    """Calls the methods of a daemon's services. Any number of threads may use one; they share its connection.

    The methods of the service are attributes, with the signatures and docs that the daemon's description gives:
    `help(client.search)`. A connection that has ended is replaced at the next call. A call that is known not to have run
    is sent again by itself, and so is one that its description calls idempotent.
    """

    def __init__(self, source: "_Source", options: Options, service: Optional[str]) -> None:
        self._source = source
        self._options = options
        self._service_name = service

    def with_options(
        self,
        *,
        timeout: Optional[float] = None,
        window: Optional[int] = None,
        trace: Optional[str] = None,
        key: Optional[str] = None,
        on_progress: Optional[Callable[[Progress], object]] = None,
    ) -> "Client":
        """The same client, on the same connection, with other options for its calls.

        * `timeout`: how long a call may take, in seconds, retries included; for a stream, until its end.
        * `window`: how many items of a stream may be on the way before they are taken.
        * `trace`: the W3C `traceparent` of the caller's span.
        * `key`: an idempotency key: two calls with the same one have one effect, where the method keeps keys.
        * `on_progress`: hears how far a call is.
        """
        options = self._options.but(timeout=timeout, window=window, trace=trace, key=key, on_progress=on_progress)
        return Client(self._source, options, self._service_name)

    def call(
        self,
        method: str,
        params: Params = None,
        *,
        timeout: Optional[float] = None,
        on_progress: Optional[Callable[[Progress], object]] = None,
    ) -> Any:
        """Calls `service.method` and waits for its result, as JSON has it.

        Raises `ServiceError` if the service says no, and `CallError` if the conversation fails.
        """
        options = self._options.but(timeout=timeout, on_progress=on_progress)
        return self._call(self._source.known(method), params, options)

    def begin(self, method: str, params: Params = None, *, timeout: Optional[float] = None) -> "Pending":
        """Begins a call and does not wait: for several at once on one thread, or to take one back from another."""
        return Pending(self._source, method, params, Attempt(self._options.but(timeout=timeout)))

    def stream(self, method: str, params: Params = None, *, timeout: Optional[float] = None) -> "Stream[Any]":
        """Opens a stream; a refusal is raised at the first item."""
        return self._stream(Method(method, "stream"), params, self._options.but(timeout=timeout))

    def subscribe(
        self, method: str, params: Params = None, *, timeout: Optional[float] = None, resume: bool = False
    ) -> "Subscription[Any]":
        """Opens a subscription to numbered events.

        With `resume`, a connection that ends is replaced, and the method called again with the last number as `since`.
        """
        options = self._options.but(timeout=timeout)
        return Subscription(self._source, Method(method, "subscription"), params, options, resume)

    def notify(self, method: str, params: Params = None) -> None:
        """Tells, and waits for no answer. That it has been said does not mean that it was heard."""
        attempt = Attempt(self._options)
        self._source.session().notify(method, params, attempt)

    def invoke(self, method: Method, params: Params = None) -> Any:
        """Calls a method in the way that its description says: what attributes and generated modules do."""
        if method.kind == "stream":
            return self._stream(method, params, self._options)
        if method.kind == "subscription":
            return Subscription(self._source, method, params, self._options)
        if method.kind == "notification":
            return self.notify(method.name, params)
        return method.read(self._call(method, params, self._options))

    def ping(self) -> None:
        """Asks for a sign of life."""
        self._call(Method("hallway.ping", idempotent=True), None, self._options)

    def describe(self, service: Optional[str] = None) -> List[Any]:
        """The descriptions of the daemon's services, or of one."""
        params = None if service is None else {"service": service}
        described = self._call(Method("hallway.describe", idempotent=True), params, self._options)
        if type(described) is not list:
            raise UnexpectedResult("unexpected_result", "the description is no list")
        return described

    def status(self) -> Dict[str, Any]:
        """How the daemon is."""
        status: Dict[str, Any] = self._call(Method("hallway.status", idempotent=True), None, self._options)
        return status

    def stop(self) -> None:
        """Tells the daemon to finish its calls and leave."""
        self._call(Method("hallway.stop"), None, self._options)

    def service(self, name: Optional[str] = None) -> Service:
        """A service, with its methods as attributes; that of the instance's name if not said."""
        name = self._service_name if name is None else name
        return Service(self._source.description(name, self.describe), self.invoke)

    def close(self) -> None:
        """Ends the connection, and what is open on it."""
        self._source.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        function = getattr(self.service(), name)
        self.__dict__[name] = function
        return function

    def __dir__(self) -> List[str]:
        return sorted({*super().__dir__(), *dir(self.service())})

    def _call(self, method: Method, params: Params, options: Options) -> Any:
        attempt, retries = Attempt(options), Retries(method.idempotent)
        while True:
            try:
                return Pending(self._source, method.name, params, attempt).result()
            except CallError as error:
                retries.again(error)

    def _stream(self, method: Method, params: Params, options: Options) -> "Stream[Any]":
        return Stream(self._source, method, params, options)


class Pending:
    """A call that has been sent. It is taken back if it is dropped before its end."""

    def __init__(self, source: "_Source", method: str, params: Params, attempt: Attempt) -> None:
        self._attempt = attempt
        self._session, self._call = source.begin(method, params, attempt)
        self._ended = False

    def result(self) -> Any:
        """Waits for the answer."""
        try:
            while True:
                arrival = self._session.next(self._call, self._attempt.until)
                if arrival is None:
                    raise deadline_passed(self._attempt.after)
                if isinstance(arrival, Progress):
                    self._attempt.progressed(arrival)
                elif isinstance(arrival, (Item, Lagged)):
                    raise UnexpectedResult("unexpected_result", "the method streams, and was called as one that does not")
                elif self._call.abandoned:
                    raise taken_back()
                else:
                    self._ended = self._call.has_ended()
                    break
        finally:
            if not self._ended:
                self.cancel()
        return _value(arrival.value, arrival.error)

    def cancel(self) -> None:
        """Takes the call back; whoever waits for it hears `Cancelled`."""
        self._session.abandon(self._call)

    def __del__(self) -> None:
        if not getattr(self, "_ended", True):
            self._session.drop(self._call)


class Stream(Iterator[T]):
    """The items of a stream. Closed, or dropped, before its end, it takes the call back."""

    def __init__(self, source: "_Source", method: Method, params: Params, options: Options) -> None:
        self._source, self._method, self._params = source, method, dict(params or {})
        self._attempt = Attempt(options, streams=True)
        self._open = False
        self._begin()

    def _begin(self) -> None:
        retries = Retries(self._method.idempotent)
        while not self._open:
            try:
                self._session, self._call = self._source.begin(self._method.name, self._params, self._attempt)
                self._open = True
            except CallError as error:
                retries.again(error)

    def __iter__(self) -> "Stream[T]":
        return self

    def __next__(self) -> T:
        while True:
            arrival = self._next()
            if isinstance(arrival, Item):
                value: T = self._read(arrival.value)
                return value

    def close(self) -> None:
        """Takes the call back, if it has not ended."""
        if self._open:
            self._open = False
            self._session.abandon(self._call)

    def __enter__(self) -> "Stream[T]":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_open", False):
            self._session.drop(self._call)

    def _next(self) -> Union[Item, Lagged]:
        while self._open:
            arrival = self._session.next(self._call, self._attempt.until)
            if isinstance(arrival, (Item, Lagged)):
                self._session.grant(self._call)
                return arrival
            if isinstance(arrival, Progress):
                self._attempt.progressed(arrival)
            elif arrival is None:
                self.close()
                raise deadline_passed(self._attempt.after)
            else:
                # The end that was reached takes nothing back.
                self.close()
                _value(arrival.value, arrival.error)
        raise StopIteration

    def _read(self, value: Any) -> Any:
        try:
            return self._method.read(checked(value))
        except UnexpectedResult:
            self.close()
            raise


class Subscription(Stream[Union[Event[T], Lagged]]):
    """The numbered events of a subscription, and notices of those that were missed."""

    def __init__(
        self, source: "_Source", method: Method, params: Params, options: Options, resume: bool = False
    ) -> None:
        #: The last number seen: what to go on after.
        self.seq: Optional[int] = (params or {}).get("since")
        self._resumes = resume
        super().__init__(source, method, params, options)

    def __next__(self) -> Union[Event[T], Lagged]:
        while True:
            try:
                arrival = self._next()
                break
            except CallError as error:
                if not self._resumes or not may_retry(error, idempotent=True):
                    raise
                if self.seq is not None:
                    self._params["since"] = self.seq
                self._begin()
        if isinstance(arrival, Lagged):
            return arrival
        self.seq = arrival.seq or 0
        return Event(self.seq, self._read(arrival.value))


def checked(value: Any) -> Any:
    """The value, if it is one."""
    from .encoding import Unreadable

    if isinstance(value, Unreadable):
        raise UnexpectedResult("unexpected_result", f"the answer cannot be read: {value.reason}")
    return value


def _value(value: Any, error: Optional[Exception]) -> Any:
    if error is not None:
        raise error
    return checked(value)


class _Source:
    """A connection that comes back."""

    def __init__(self, reach: Reach, within: float, said: Dict[str, Any], handlers: Handlers) -> None:
        self._reach, self._within, self._hello, self._handlers = reach, within, said, handlers
        self._session: Optional[Session] = None
        self._process = os.getpid()
        #: Held while connecting, so that many callers make one connection.
        self._connecting = threading.Lock()
        self._descriptions: Dict[Optional[str], Description] = {}

    def session(self, within: Optional[float] = None) -> Session:
        """A connection to call on."""
        session = self._session
        if session is not None and self._process == os.getpid() and session.is_usable():
            return session
        if self._process != os.getpid():
            self._after_fork()
        with self._connecting:
            session = self._session
            if session is None or not session.is_usable():
                within = self._within if within is None else min(within, self._within)
                session = Session(self._reach(within), self._hello, self._handlers)
                self._session = session
        return session

    def begin(self, method: str, params: Params, attempt: Attempt) -> "tuple[Session, OpenCall]":
        session = self.session(attempt.left())
        return session, session.begin(method, params, attempt)

    def known(self, name: str) -> Method:
        """A method of which only the name is given, with what a description that is there says of it."""
        service, _, method = name.rpartition(".")
        return Method(name, idempotent=Description.says_idempotent(self._descriptions.get(service), method))

    def description(self, name: Optional[str], fetch: Callable[[Optional[str]], List[Any]]) -> Description:
        """The description of a service, fetched once."""
        if name not in self._descriptions:
            self._descriptions[name] = Description.choose(fetch(name), name)
        return self._descriptions[name]

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _after_fork(self) -> None:
        """The connection is the parent's, and whoever held a lock does not exist here."""
        if self._session is not None:
            self._session.forget()
        self._session, self._process, self._connecting = None, os.getpid(), threading.Lock()

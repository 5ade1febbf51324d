"""The client for asyncio: the same as `hallway`, with `await`, `async for` and `async with`."""

import asyncio
from types import TracebackType
from typing import Any, AsyncIterator, Callable, Dict, Generator, List, Mapping, Optional, Tuple, Type, TypeVar, Union

from . import hello
from .address import Reach, resolve
from .client import checked
from .conversation import Event, Item, OpenCall
from .describe import Description, Method, Service
from .errors import CallError, UnexpectedResult, deadline_passed, may_retry
from .limits import REACH_DEADLINE
from .link import Link
from .options import Attempt, Options
from .paths import Env
from .phase import OnPhase, Phase
from .protocol import Lagged, Progress
from .retries import Retries
from .serving import Handlers

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
    describe: bool = True,
) -> "Connecting":
    """Connects to a daemon, and starts it first if it does not run: to be awaited, or used with `async with`.

    The arguments are those of `hallway.connect`. Handlers in `serve` run whenever the server calls, each as a task; they
    may be coroutine functions. With `describe=False`, the service is not asked what it can do, and its methods are no
    attributes: `call` takes their names.
    """
    loop = asyncio.get_running_loop()

    def heard(phase: Phase) -> None:
        # It is heard on the thread that waits for the daemon.
        if on_phase is not None:
            loop.call_soon_threadsafe(on_phase, phase)

    reach = resolve(name, env=env, start=start, on_phase=heard)
    source = _Source(reach, within, hello.of(program, token), dict(serve or {}))
    return Connecting(Client(source, Options().but(timeout=timeout), hello.service_of(name)), describe)


class Connecting:
    """A client that is connecting."""

    def __init__(self, client: "Client", describe: bool) -> None:
        self._client = client
        self._describe = describe

    def __await__(self) -> Generator[Any, None, "Client"]:
        return self._connected().__await__()

    async def __aenter__(self) -> "Client":
        return await self._connected()

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self._client.close()

    async def _connected(self) -> "Client":
        await self._client.reach()
        if self._describe:
            await self._client.service()
        return self._client


class Client:
    """Calls the methods of a daemon's services. Any number of tasks may use one; they share its connection.

    The methods of the service are attributes, with the signatures and docs that the daemon's description gives. A
    connection that has ended is replaced at the next call. A call that is known not to have run is sent again by itself,
    and so is one that its description calls idempotent. Cancelling the task that waits for a call takes the call back.
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
        """The same client, on the same connection, with other options for its calls: see `hallway.Client`."""
        options = self._options.but(timeout=timeout, window=window, trace=trace, key=key, on_progress=on_progress)
        return Client(self._source, options, self._service_name)

    async def call(
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
        return await self._call(self._source.known(method), params, options)

    def stream(self, method: str, params: Params = None, *, timeout: Optional[float] = None) -> "Stream[Any]":
        """A stream, opened as its first item is asked for."""
        return Stream(self._source, Method(method, "stream"), params, self._options.but(timeout=timeout))

    def subscribe(
        self, method: str, params: Params = None, *, timeout: Optional[float] = None, resume: bool = False
    ) -> "Subscription[Any]":
        """A subscription to numbered events, opened as the first is asked for.

        With `resume`, a connection that ends is replaced, and the method called again with the last number as `since`.
        """
        options = self._options.but(timeout=timeout)
        return Subscription(self._source, Method(method, "subscription"), params, options, resume)

    async def notify(self, method: str, params: Params = None) -> None:
        """Tells, and waits for no answer. That it has been said does not mean that it was heard."""
        attempt = Attempt(self._options)
        await (await self._source.link()).notify(method, params, attempt)

    def invoke(self, method: Method, params: Params = None) -> Any:
        """Calls a method in the way that its description says: what attributes and generated modules do."""
        if method.kind == "stream":
            return Stream(self._source, method, params, self._options)
        if method.kind == "subscription":
            return Subscription(self._source, method, params, self._options)
        if method.kind == "notification":
            return self.notify(method.name, params)
        return self._result(method, params)

    async def ping(self) -> None:
        """Asks for a sign of life."""
        await self._call(Method("hallway.ping", idempotent=True), None, self._options)

    async def describe(self, service: Optional[str] = None) -> List[Any]:
        """The descriptions of the daemon's services, or of one."""
        params = None if service is None else {"service": service}
        described = await self._call(Method("hallway.describe", idempotent=True), params, self._options)
        if type(described) is not list:
            raise UnexpectedResult("unexpected_result", "the description is no list")
        return described

    async def status(self) -> Dict[str, Any]:
        """How the daemon is."""
        status: Dict[str, Any] = await self._call(Method("hallway.status", idempotent=True), None, self._options)
        return status

    async def stop(self) -> None:
        """Tells the daemon to finish its calls and leave."""
        await self._call(Method("hallway.stop"), None, self._options)

    async def service(self, name: Optional[str] = None) -> Service:
        """A service, with its methods as attributes; that of the instance's name if not said."""
        name = self._service_name if name is None else name
        if name not in self._source.descriptions:
            self._source.descriptions[name] = Description.choose(await self.describe(name), name, asynchronous=True)
        return Service(self._source.descriptions[name], self.invoke)

    async def reach(self) -> None:
        """Connects now rather than at the next call."""
        await self._source.link()

    async def close(self) -> None:
        """Ends the connection, and what is open on it."""
        self._source.close()

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()

    def __getattr__(self, name: str) -> Any:
        description = None if name.startswith("_") else self._source.descriptions.get(self._service_name)
        if description is None:
            raise AttributeError(name)
        function = getattr(Service(description, self.invoke), name)
        self.__dict__[name] = function
        return function

    def __dir__(self) -> List[str]:
        description = self._source.descriptions.get(self._service_name)
        methods = [] if description is None else dir(Service(description, self.invoke))
        return sorted({*super().__dir__(), *methods})

    async def _result(self, method: Method, params: Params) -> Any:
        return method.read(await self._call(method, params, self._options))

    async def _call(self, method: Method, params: Params, options: Options) -> Any:
        attempt, retries = Attempt(options), Retries(method.idempotent)
        while True:
            try:
                return await self._attempt(method, params, attempt)
            except CallError as error:
                retries.again(error)

    async def _attempt(self, method: Method, params: Params, attempt: Attempt) -> Any:
        link, call = await self._source.begin(method.name, params, attempt)
        try:
            while True:
                arrival = await link.next(call, attempt.left())
                if isinstance(arrival, Progress):
                    attempt.progressed(arrival)
                elif arrival is None:
                    raise deadline_passed(attempt.after)
                elif isinstance(arrival, (Item, Lagged)):
                    raise UnexpectedResult("unexpected_result", "the method streams, and was called as one that does not")
                else:
                    break
        finally:
            # The end that was reached takes nothing back.
            link.abandon(call)
        if arrival.error is not None:
            raise arrival.error
        return checked(arrival.value)


class Stream(AsyncIterator[T]):
    """The items of a stream. Closed, or dropped, before its end, it takes the call back."""

    def __init__(self, source: "_Source", method: Method, params: Params, options: Options) -> None:
        self._source, self._method, self._params = source, method, dict(params or {})
        self._attempt = Attempt(options, streams=True)
        self._opened: Optional[Tuple[Link, OpenCall]] = None
        self._over = False

    def __aiter__(self) -> "Stream[T]":
        return self

    async def __anext__(self) -> T:
        while True:
            arrival = await self._next()
            if isinstance(arrival, Item):
                value: T = self._read(arrival.value)
                return value

    async def aclose(self) -> None:
        """Takes the call back, if it has not ended."""
        self._close()

    async def __aenter__(self) -> "Stream[T]":
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._close()

    def __del__(self) -> None:
        if getattr(self, "_opened", None) is not None and not self._over and self._opened is not None:
            link, call = self._opened
            link.drop(call)

    def _close(self) -> None:
        self._over = True
        if self._opened is not None:
            link, call = self._opened
            link.abandon(call)

    async def _open(self) -> Tuple[Link, OpenCall]:
        retries = Retries(self._method.idempotent)
        while True:
            try:
                return await self._source.begin(self._method.name, self._params, self._attempt)
            except CallError as error:
                retries.again(error)

    async def _next(self) -> Union[Item, Lagged]:
        while not self._over:
            if self._opened is None:
                self._opened = await self._open()
            link, call = self._opened
            try:
                arrival = await link.next(call, self._attempt.left())
            except asyncio.CancelledError:
                self._close()
                raise
            if isinstance(arrival, (Item, Lagged)):
                link.grant(call)
                return arrival
            if isinstance(arrival, Progress):
                self._attempt.progressed(arrival)
            elif arrival is None:
                self._close()
                raise deadline_passed(self._attempt.after)
            else:
                # The end that was reached takes nothing back.
                self._close()
                if arrival.error is not None:
                    raise arrival.error
        raise StopAsyncIteration

    def _read(self, value: Any) -> Any:
        try:
            return self._method.read(checked(value))
        except UnexpectedResult:
            self._close()
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

    async def __anext__(self) -> Union[Event[T], Lagged]:
        while True:
            try:
                arrival = await self._next()
                break
            except CallError as error:
                if not self._resumes or not may_retry(error, idempotent=True):
                    raise
                if self.seq is not None:
                    self._params["since"] = self.seq
                self._opened, self._over = None, False
        if isinstance(arrival, Lagged):
            return arrival
        self.seq = arrival.seq or 0
        return Event(self.seq, self._read(arrival.value))


class _Source:
    """A connection that comes back."""

    def __init__(self, reach: Reach, within: float, said: Dict[str, Any], handlers: Handlers) -> None:
        self._reach, self._within, self._hello, self._handlers = reach, within, said, handlers
        self._link: Optional[Link] = None
        #: Held while connecting, so that many callers make one connection.
        self._connecting = asyncio.Lock()
        self.descriptions: Dict[Optional[str], Description] = {}

    async def link(self, within: Optional[float] = None) -> Link:
        """A connection to call on."""
        if self._link is not None and self._link.takes_calls():
            return self._link
        async with self._connecting:
            if self._link is None or not self._link.takes_calls():
                within = self._within if within is None else min(within, self._within)
                # Connecting and starting wait in the kernel.
                reached = asyncio.get_running_loop().run_in_executor(None, self._reach, within)
                self._link = await Link.over(await reached, self._hello, self._handlers)
            return self._link

    async def begin(self, method: str, params: Params, attempt: Attempt) -> Tuple[Link, OpenCall]:
        link = await self.link(attempt.left())
        return link, await link.begin(method, params, attempt)

    def known(self, name: str) -> Method:
        """A method of which only the name is given, with what a description that is there says of it."""
        service, _, method = name.rpartition(".")
        return Method(name, idempotent=Description.says_idempotent(self.descriptions.get(service), method))

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

"""Calls of the server's, answered by handlers of ours: by name, a function that takes the parameters by keyword."""

import inspect
from typing import Any, Callable, Mapping

from .conversation import Request
from .errors import ServiceError, WireError

#: By `service.method`.
Handlers = Mapping[str, Callable[..., Any]]


class CannotServe(Exception):
    """Why a request is refused."""

    def __init__(self, error: WireError) -> None:
        super().__init__(error.message)
        self.error = error


def bind(handlers: Handlers, request: Request) -> Callable[[], Any]:
    """The handler with its parameters, to be run; raises `CannotServe`."""
    handler = handlers.get(request.method)
    if handler is None:
        raise CannotServe(WireError("unknown_method", f"there is no method {request.method!r} here"))
    params = request.params
    if type(params) is not dict:
        raise CannotServe(WireError("bad_params", "parameters are an object"))
    try:
        inspect.signature(handler).bind(**params)
    except TypeError as error:
        raise CannotServe(WireError("bad_params", str(error))) from None
    return lambda: handler(**params)


def failure(error: BaseException) -> WireError:
    """What the server is told of a handler that raised."""
    if isinstance(error, CannotServe):
        return error.error
    if isinstance(error, ServiceError):
        return WireError(error.code, error.message, error.details, error.retryable)
    # Its own words may hold what the server must not see.
    return WireError("internal", "the handler failed in a way that it does not declare")

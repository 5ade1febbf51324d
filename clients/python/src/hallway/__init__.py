"""Talks to the daemons of this machine: finds them, starts them, calls them.

    import hallway

    with hallway.connect("mail") as mail:
        print(mail.search(query="from:alice"))

`hallway.aio.connect` is the same for asyncio. Every error is a `HallwayError`, with a code, and what became of the call.
"""

from .client import Client, Pending, Stream, Subscription, connect
from .conversation import Event
from .describe import Description, Method
from .errors import (
    CallError,
    Cancelled,
    ConnectionLost,
    DeadlineExceeded,
    HallwayError,
    NotSent,
    Outcome,
    Overrun,
    Refused,
    ServiceError,
    UnexpectedResult,
    Unreachable,
)
from .hello import VERSION as __version__
from .phase import Phase
from .protocol import Lagged, Progress

__all__ = [
    "CallError",
    "Cancelled",
    "Client",
    "ConnectionLost",
    "DeadlineExceeded",
    "Description",
    "Event",
    "HallwayError",
    "Lagged",
    "Method",
    "NotSent",
    "Outcome",
    "Overrun",
    "Pending",
    "Phase",
    "Progress",
    "Refused",
    "ServiceError",
    "Stream",
    "Subscription",
    "UnexpectedResult",
    "Unreachable",
    "__version__",
    "connect",
]

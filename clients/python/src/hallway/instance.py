"""Which daemon: a service name and, where there are several, an instance name."""

import re
from typing import NamedTuple, Optional

from .errors import Unreachable

#: The most bytes of a service name or of an instance name.
NAME_MAX = 64

#: The most bytes of both together with the `@`: a socket's address has room for no more.
STEM_MAX = 80


class Instance(NamedTuple):
    """A daemon's identity: a service, such as `mail`, or one of several of it, such as `mail@work`."""

    service: str
    name: Optional[str] = None

    def __str__(self) -> str:
        return self.service if self.name is None else f"{self.service}@{self.name}"

    @classmethod
    def parse(cls, text: str) -> "Instance":
        """Reads a name as a person writes it."""
        service, at, name = text.partition("@")
        _check("service", service)
        if not at:
            return cls(service)
        _check("instance", name)
        if len(text) > STEM_MAX:
            raise _bad("instance", text, f"service and instance name together may have {STEM_MAX} bytes")
        return cls(service, name)


_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)


def _check(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _bad(what, name, "it consists of a-z, 0-9, `.`, `_` and `-`, and begins with one of a-z and 0-9")
    if len(name) > NAME_MAX:
        raise _bad(what, name, f"it may have {NAME_MAX} bytes")


def _bad(what: str, name: str, rule: str) -> Unreachable:
    return Unreachable("bad_name", f"{name!r} is not a usable {what} name: {rule}")

"""What this client says of itself."""

from typing import Any, Dict, Optional

from .limits import CALLS_OPEN_MAX, FRAME_MAX

VERSION = "0.1.0"

#: Who calls, if the caller does not say.
PROGRAM = f"hallway-python {VERSION}"


def of(program: str, token: Optional[str]) -> Dict[str, Any]:
    """The members of `hello`."""
    said: Dict[str, Any] = {"program": program, "calls_max": CALLS_OPEN_MAX, "frame_max": FRAME_MAX}
    return said if token is None else {**said, "token": token}


def service_of(name: str) -> Optional[str]:
    """The service that an instance serves; an address tells none."""
    return None if ":" in name else name.partition("@")[0]

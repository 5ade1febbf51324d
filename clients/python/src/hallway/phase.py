"""What a starting daemon tells of itself."""

from typing import Callable, NamedTuple, Optional


class Phase(NamedTuple):
    """What a starting daemon is busy with."""

    name: str
    detail: Optional[str] = None
    done: Optional[int] = None
    total: Optional[int] = None


OnPhase = Callable[[Phase], object]

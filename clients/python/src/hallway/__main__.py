"""Calls a method from the shell: `python -m hallway call mail.search query=from:alice`.

A parameter's value is text where the method wants text, and else JSON if it can be read as JSON.
"""

import argparse
import inspect
import json
import sys
from typing import Any, Dict, List, Optional

from . import encoding
from .client import connect
from .conversation import Event
from .errors import ConnectionLost, DeadlineExceeded, HallwayError, UnexpectedResult, Unreachable


def main(arguments: Optional[List[str]] = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m hallway", description=__doc__)
    call = parser.add_subparsers(dest="command", required=True).add_parser("call", help="calls a method")
    call.add_argument("method", help="service.method")
    call.add_argument("params", nargs="*", metavar="NAME=VALUE", help="a parameter")
    call.add_argument("--at", help="the instance or address, if it is not called as the service")
    call.add_argument("--timeout", type=float, help="how long it may take, in seconds")
    given = parser.parse_args(arguments)
    try:
        service, _, name = given.method.rpartition(".")
        with connect(given.at or service, timeout=given.timeout) as client:
            method = getattr(client.service(service), name)
            result = method(**_params(given.params, inspect.signature(method)))
            for one in result if hasattr(result, "__next__") else [result]:
                print(_text(one), flush=True)
    except HallwayError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return _exit_code(error)
    except (AttributeError, TypeError, ValueError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def _params(given: List[str], signature: inspect.Signature) -> Dict[str, Any]:
    params: Dict[str, Any] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not equals:
            raise ValueError(f"{one!r} is no parameter: write NAME=VALUE")
        known = signature.parameters.get(name)
        params[name] = text
        if known is not None and known.annotation in (str, bytes):
            continue
        try:
            params[name] = encoding.decode(text)
        except ValueError:
            pass
    return params


def _text(value: Any) -> str:
    if isinstance(value, Event):
        value = {"seq": value.seq, "item": value.value}
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    return json.dumps(value, ensure_ascii=False, default=lambda data: encoding.encode(data).decode().strip('"'))


def _exit_code(error: HallwayError) -> int:
    """1 for a method that failed, 3 for a daemon that cannot be reached, 4 for another version, 124 for no time left."""
    if isinstance(error, DeadlineExceeded) or error.code == "deadline_passed":
        return 124
    if isinstance(error, (Unreachable, ConnectionLost)) or error.code in ("closing", "unauthorized"):
        return 3
    other = isinstance(error, UnexpectedResult)
    return 4 if other or error.code in ("unknown_method", "unsupported_version", "unknown_message") else 1


if __name__ == "__main__":
    sys.exit(main())

"""Writes a typed module for a service: `python -m hallway.codegen mail > mail.py`.

The module has a `TypedDict` for each named type, and a class with the service's methods for each of the two clients.
"""

import argparse
import json
import os
import sys
from typing import Any, Dict, Iterator, List, Optional

from .client import connect
from .describe import Description
from .errors import HallwayError
from .schema import Schema, python_name, type_name, type_text

_HEAD = '''{docs}

import json
from typing import Any, AsyncIterator, Awaitable, Dict, Iterator, List, Literal, Optional, TypedDict, Union

import hallway
import hallway.aio
from hallway import Event, Lagged

__all__ = {exported}
'''


def module(described: Dict[str, Any]) -> str:
    """The text of the module for a service."""
    description = Description(described)
    names = list(map(type_name, description.defs))
    name = _class_name(description.name)
    while name in names or f"Async{name}" in names:
        name += "Service"
    types = list(map(_type, names, description.defs.values()))
    exported = sorted([name, f"Async{name}", *names])
    head = _HEAD.format(docs=_docstring(f"{description.docs}\n\nWritten by hallway.codegen.", ""), exported=exported)
    text = json.dumps(json.dumps(described, ensure_ascii=True, separators=(",", ":")))
    methods = f"_DESCRIPTION = hallway.Description(json.loads({text}))\n"
    classes = [_class(name, description, ""), _class(f"Async{name}", description, "Async")]
    return "\n\n".join([head, *types, methods, *classes])


def main(arguments: Optional[List[str]] = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m hallway.codegen", description=__doc__)
    parser.add_argument("source", help="an instance, such as mail; an address; or a file with a description, as JSON")
    parser.add_argument("--service", help="the service, if there are several")
    given = parser.parse_args(arguments)
    try:
        print(module(_described(given.source, given.service)), end="")
    except (HallwayError, OSError, ValueError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    return 0


def _described(source: str, service: Optional[str]) -> Dict[str, Any]:
    if os.path.sep in source and ":" not in source or source.endswith(".json"):
        with open(source, encoding="utf-8") as file:
            described = json.load(file)
        described = described if isinstance(described, list) else [described]
    else:
        with connect(source) as client:
            service = service or (None if ":" in source else source.partition("@")[0])
            described = client.describe()
    return Description.chosen(described, service)


def _class_name(name: str) -> str:
    return python_name("".join(part[:1].upper() + part[1:] for part in name.replace("-", "_").split("_")))


def _type(name: str, schema: Schema) -> str:
    """A named type: an object as a `TypedDict`, anything else as another name for what it is."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        text = type_text(schema, _QUOTE)
        return f"{name} = {f'Union[{text}]' if text.startswith(_QUOTE) else text}\n"
    docs = schema.get("description")
    required = schema.get("required") if isinstance(schema.get("required"), list) else []
    always = {one: inner for one, inner in properties.items() if one in required}
    others = {one: inner for one, inner in properties.items() if one not in required}
    if not others and all(one.isidentifier() and python_name(one) == one for one in always):
        members = list(_members(always)) or ["    pass\n"]
        return "".join([f"class {name}(TypedDict):\n", *_body_docs(docs), *members])
    # What need not be there, and what no class can name, has a base of its own.
    bases = [(f"_{name}Always", always, ""), (f"_{name}Sometimes", others, ", total=False")]
    made = [f"{base} = TypedDict(\n    {base!r},\n    {_fields(fields)},{total and f'{chr(10)}   {total[1:]},'}\n)\n\n"
            for base, fields, total in bases if fields]
    named = ", ".join(base for base, fields, _ in bases if fields) or "TypedDict"
    return "".join([*made, f"\nclass {name}({named}):\n", *(_body_docs(docs) or ["    pass\n"])])


def _fields(members: Dict[str, Schema]) -> str:
    return "{" + ", ".join(f"{name!r}: {type_text(inner, _QUOTE)}" for name, inner in members.items()) + "}"


def _members(members: Dict[str, Schema]) -> Iterator[str]:
    for name, inner in members.items():
        yield f"    {name}: {type_text(inner, _QUOTE)}\n"
        docs = inner.get("description") if isinstance(inner, dict) else None
        if isinstance(docs, str):
            yield f"    {_docstring(docs, '    ')}\n"


def _class(name: str, description: Description, kind: str) -> str:
    client = "hallway.aio.Client" if kind else "hallway.Client"
    lines = [
        f"class {name}:",
        f"    {_docstring(description.docs or f'The service {description.name}.', '    ')}",
        "",
        f"    def __init__(self, client: {client}) -> None:",
        "        self._client = client",
    ]
    for method in description.methods:
        lines += ["", *_method(description, method, kind)]
    return "\n".join(lines) + "\n"


def _method(description: Description, name: str, kind: str) -> Iterator[str]:
    method = description.methods[name]
    required = [param for param in method["params"] if param.get("required", True)]
    others = [param for param in method["params"] if not param.get("required", True)]
    params = "".join(f", {_parameter(param)}" for param in [*required, *others])
    yield f"    def {_method_name(name)}(self{params}) -> {_returns(method, kind)}:"
    yield f"        {_docstring(description.doc(name) or name, '        ')}"
    given = ", ".join(f"{param['name']!r}: {python_name(param['name'])}" for param in required)
    yield f"        _params: Dict[str, Any] = {{{given}}}"
    for param in others:
        # What is not given gets its default there.
        yield f"        if {python_name(param['name'])} is not None:"
        yield f"            _params[{param['name']!r}] = {python_name(param['name'])}"
    yield f"        _result: {_returns(method, kind)} = self._client.invoke(_DESCRIPTION.method({name!r}), _params)"
    yield "        return _result"


def _method_name(name: str) -> str:
    """A method called as a type would stand for that type in the signatures after it."""
    name = python_name(name)
    return f"{name}_" if name in ("bool", "bytes", "float", "int", "str") else name


def _parameter(param: Dict[str, Any]) -> str:
    text, default = type_text(param.get("schema"), _QUOTE), param.get("default")
    if param.get("required", True):
        return f"{python_name(param['name'])}: {text}"
    if default is None or isinstance(default, (dict, list)):
        text = text if text == "Any" or text.startswith("Optional[") else f"Optional[{text}]"
        default = None
    return f"{python_name(param['name'])}: {text} = {default!r}"


def _returns(method: Dict[str, Any], kind: str) -> str:
    result = type_text(method.get("result"), _QUOTE)
    if method["kind"] == "stream":
        return f"{kind}Iterator[{result}]"
    if method["kind"] == "subscription":
        return f"{kind}Iterator[Union[Event[{result}], Lagged]]"
    result = "None" if method["kind"] == "notification" else result
    return f"Awaitable[{result}]" if kind else result


_QUOTE = '"'


def _body_docs(docs: Any) -> List[str]:
    return [f"    {_docstring(docs, '    ')}\n"] + ["\n"] if isinstance(docs, str) else []


def _docstring(docs: str, indent: str) -> str:
    text = docs.strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    text = f"{text[:-1]}\\\"" if text.endswith('"') else text
    lines = [f"{indent}{line.rstrip()}" if line.strip() else "" for line in text.split("\n")]
    closing = f"\n{indent}" if len(lines) > 1 else ""
    return '"""' + "\n".join(lines).strip() + closing + '"""'


if __name__ == "__main__":
    sys.exit(main())

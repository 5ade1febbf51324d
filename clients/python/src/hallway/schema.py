"""JSON Schema, as far as a description uses it: how a type is written in Python, and where binary data is in it."""

import base64
import binascii
import keyword
from typing import Any, Callable, Dict, List, Mapping, Optional

from .errors import UnexpectedResult

Schema = Any
Defs = Mapping[str, Schema]
Convert = Callable[[Any], Any]

_PREFIX = "#/$defs/"
_TAKEN = {"Any", "AsyncIterator", "Awaitable", "Dict", "Event", "Iterator", "Lagged", "List", "Literal", "Optional"}
_TAKEN |= {"TypedDict", "Union", "bool", "bytes", "float", "hallway", "int", "json", "str"}
_PRIMITIVES = {"integer": "int", "number": "float", "string": "str", "boolean": "bool", "null": "None"}


def python_name(name: str) -> str:
    """A name that Python takes for a parameter or a method: `import` is a word of its own and becomes `import_`."""
    name = "".join(c if c == "_" or c.isascii() and c.isalnum() else "_" for c in name) or "_"
    name = f"_{name}" if name[0].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) or name == "self" else name


def type_name(name: str) -> str:
    """A named type's name: none that a generated module needs for something else."""
    name = python_name(name)
    return f"{name}_" if name in _TAKEN else name


def ref_name(schema: Schema) -> Optional[str]:
    """The named type that a schema refers to."""
    ref = schema.get("$ref") if isinstance(schema, dict) else None
    return ref[len(_PREFIX) :] if isinstance(ref, str) and ref.startswith(_PREFIX) else None


def type_text(schema: Schema, quote: str = "") -> str:
    """How a type is written in Python; names of the description are put into `quote`."""
    if not isinstance(schema, dict):
        return "Any"
    name = ref_name(schema)
    if name is not None:
        return f"{quote}{type_name(name)}{quote}"
    if "enum" in schema or "const" in schema:
        values = schema["enum"] if isinstance(schema.get("enum"), list) else [schema.get("const")]
        simple = [value for value in values if value is None or type(value) in (str, int, bool)]
        return f"Literal[{', '.join(map(repr, simple))}]" if simple and len(simple) == len(values) else "Any"
    options = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(options, list):
        return _union([type_text(option, quote) for option in options])
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union([type_text({**schema, "type": one}, quote) for one in kind])
    if kind == "string" and schema.get("contentEncoding") == "base64":
        return "bytes"
    if kind == "array":
        return f"List[{type_text(schema.get('items'), quote)}]"
    if kind == "object":
        return f"Dict[str, {type_text(schema.get('additionalProperties'), quote)}]"
    return _PRIMITIVES.get(kind, "Any") if isinstance(kind, str) else "Any"


def _union(types: List[str]) -> str:
    types = list(dict.fromkeys(types))
    others = [one for one in types if one != "None"]
    if "Any" in others or not others:
        return "Any" if others else "None"
    text = others[0] if len(others) == 1 else f"Union[{', '.join(others)}]"
    return text if len(others) == len(types) else f"Optional[{text}]"


def reader(schema: Schema, defs: Defs) -> Optional[Convert]:
    """What turns base64 text into bytes wherever the schema has it; `None` if it has none."""
    return _Readers(defs).of(schema)


class _Readers:
    def __init__(self, defs: Defs) -> None:
        self._defs = defs
        self._named: Dict[str, Convert] = {}
        self._binary = {name for name in defs if self._is_binary(defs[name], {name})}

    def _is_binary(self, schema: Schema, seen: "set[str]") -> bool:
        name = ref_name(schema)
        if name is not None:
            return name not in seen and self._is_binary(self._defs.get(name), seen | {name})
        if isinstance(schema, dict):
            here = schema.get("contentEncoding") == "base64"
            return here or any(self._is_binary(inner, seen) for inner in schema.values())
        return isinstance(schema, list) and any(self._is_binary(inner, seen) for inner in schema)

    def of(self, schema: Schema) -> Optional[Convert]:
        if not isinstance(schema, dict) or not self._is_binary(schema, set()):
            return None
        name = ref_name(schema)
        if name is not None:
            return self._of_named(name)
        options = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(options, list):
            return self._any_of(options)
        if schema.get("contentEncoding") == "base64":
            return _from_base64
        items = self.of(schema.get("items"))
        if items is not None:
            return lambda value: [items(one) for one in value] if type(value) is list else value
        return self._object(schema)

    def _of_named(self, name: str) -> Convert:
        if name not in self._named:
            # Before it is made: it may refer to itself.
            self._named[name] = lambda value: self._made(name)(value)
        return self._named[name]

    def _made(self, name: str) -> Convert:
        made = self.of(self._defs.get(name)) or (lambda value: value)
        self._named[name] = made
        return made

    def _object(self, schema: Schema) -> Convert:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        readers = {name: self.of(inner) for name, inner in properties.items()}
        others = self.of(schema.get("additionalProperties"))

        def convert(value: Any) -> Any:
            if type(value) is not dict:
                return value
            read = dict(value)
            for name, one in value.items():
                inner = readers[name] if name in readers else others
                if inner is not None:
                    read[name] = inner(one)
            return read

        return convert

    def _any_of(self, options: List[Schema]) -> Convert:
        choices = [(option, self.of(option)) for option in options]

        def convert(value: Any) -> Any:
            for option, inner in choices:
                if self._fits(option, value):
                    return value if inner is None else inner(value)
            return value

        return convert

    def _fits(self, schema: Schema, value: Any) -> bool:
        """Whether a value looks like one of this kind: by its type, its required members and its constants."""
        name = ref_name(schema)
        if name is not None:
            return self._fits(self._defs.get(name), value)
        if not isinstance(schema, dict):
            return True
        kinds = schema.get("type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if kinds != [None] and not any(type(value) in _TYPES.get(str(kind), ()) for kind in kinds):
            return False
        if "const" in schema and schema["const"] != value:
            return False
        if type(value) is not dict:
            return True
        properties, required = schema.get("properties") or {}, schema.get("required") or []
        return all(name in value for name in required) and all(
            self._fits(inner, value[name]) for name, inner in properties.items() if name in value
        )


_TYPES: Dict[str, Any] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def _from_base64(value: Any) -> Any:
    if type(value) is not str:
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnexpectedResult("unexpected_result", f"the answer holds binary data that is none: {error}") from None

"""A service's description as Python sees it: functions with real signatures and docstrings."""

import inspect
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from .errors import UnexpectedResult
from .schema import Convert, python_name, reader, ref_name, type_name, type_text


class Method(NamedTuple):
    """One method."""

    #: `service.method`.
    name: str
    #: `unary`, `stream`, `subscription` or `notification`.
    kind: str = "unary"
    #: Whether running it twice is the same as once.
    idempotent: bool = False
    #: Reads the binary data in a result, if there can be any.
    convert: Optional[Convert] = None

    def read(self, value: Any) -> Any:
        """A result or an item as the caller gets it."""
        return value if self.convert is None else self.convert(value)


#: Makes a call: what the synchronous and the asyncio client each bring along.
Invoke = Callable[[Method, Dict[str, Any]], Any]

_ANNOTATIONS = {"int": int, "float": float, "str": str, "bool": bool, "bytes": bytes, "None": None, "Any": Any}
_RETURNS = {"stream": "Iterator[{}]", "subscription": "Iterator[Union[Event[{}], Lagged]]", "notification": "None"}


class Shape(str):
    """A type that has no object here, as it reads in a signature."""

    def __repr__(self) -> str:
        return str(self)


class Description:
    """A service's description, looked into."""

    def __init__(self, described: Any, asynchronous: bool = False) -> None:
        self._iterates = "Async" if asynchronous else ""
        described = _checked(described, name=str, docs=str, methods=list, **{"$defs": dict})
        self.name: str = described["name"]
        self.docs: str = described["docs"]
        self.defs: Dict[str, Any] = described["$defs"]
        methods = [_checked(method, name=str, docs=str, kind=str, params=list) for method in described["methods"]]
        #: The methods by name, each with all members that are looked at.
        self.methods: Dict[str, Any] = {method["name"]: method for method in methods}
        for method in methods:
            method["params"] = [_checked(param, name=str, docs=str) for param in method["params"]]
            method["errors"] = [_checked(error, code=str, docs=str) for error in method.get("errors") or []]

    @classmethod
    def choose(cls, described: List[Any], name: Optional[str], asynchronous: bool = False) -> "Description":
        """The service of a name among several; that which the daemon is there for, if there is no name."""
        return cls(cls.chosen(described, name), asynchronous)

    @staticmethod
    def chosen(described: List[Any], name: Optional[str]) -> Dict[str, Any]:
        """The same, not looked into."""
        for one in described:
            its = one.get("name") if isinstance(one, dict) else None
            if type(its) is str and (not _is_reserved(its) if name is None else its == name):
                return dict(one)
        raise UnexpectedResult("unexpected_result", f"no service {name or 'of its own'} is described")

    @staticmethod
    def says_idempotent(description: "Optional[Description]", name: str) -> bool:
        """Whether a description is there, and calls a method idempotent."""
        method = None if description is None else description.methods.get(name)
        return method is not None and bool(method.get("idempotent"))

    def method(self, name: str) -> Method:
        """A method, to be invoked."""
        method = self.methods[name]
        convert = reader(method.get("result"), self.defs)
        return Method(f"{self.name}.{name}", method["kind"], method.get("idempotent") is True, convert)

    def function(self, name: str, invoke: Invoke) -> Callable[..., Any]:
        """A function that calls a method, with its signature and its docs."""
        called, signature = self.method(name), self.signature(name)
        on_the_wire = {python_name(param["name"]): param["name"] for param in self.methods[name]["params"]}

        def function(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs).arguments
            return invoke(called, {on_the_wire[name]: value for name, value in given.items()})

        function.__name__ = function.__qualname__ = python_name(name)
        function.__module__ = self.name
        function.__doc__ = self.doc(name)
        function.__signature__ = signature  # type: ignore[attr-defined]
        return function

    def signature(self, name: str) -> inspect.Signature:
        """A method's signature. What need not be given stands behind what must be, by keyword."""
        params: List[inspect.Parameter] = []
        kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
        for param in self.methods[name]["params"]:
            required = param.get("required", True)
            default = inspect.Parameter.empty if required else param.get("default")
            if required and any(one.default is not inspect.Parameter.empty for one in params):
                kind = inspect.Parameter.KEYWORD_ONLY
            annotation = _annotation(type_text(param.get("schema")))
            params.append(
                inspect.Parameter(python_name(param["name"]), kind, default=default, annotation=annotation)
            )
        return inspect.Signature(params, return_annotation=self._returns(self.methods[name]))

    def doc(self, name: str) -> str:
        """A method's docs, with those of its parameters, its errors and the types it names."""
        method = self.methods[name]
        parts = [method["docs"]]
        documented = [param for param in method["params"] if param["docs"]]
        parts += _section("Parameters", [(python_name(param["name"]), param["docs"]) for param in documented])
        parts += _section("Errors", [(error["code"], error["docs"]) for error in method["errors"]])
        parts += _section("Types", [(type_name(name), self._members(name)) for name in self._named(method)])
        return "\n\n".join(part for part in parts if part)

    def _returns(self, method: Any) -> Any:
        result = type_text(method.get("result"))
        returns = _RETURNS.get(method["kind"], "{}").format(result)
        return _annotation(returns.replace("Iterator", f"{self._iterates}Iterator"))

    def _named(self, method: Any) -> List[str]:
        """The named types that a method's schemas lead to, in the order in which they are met."""
        found: List[str] = []
        waiting: List[Any] = [[param.get("schema") for param in method["params"]], method.get("result")]
        while waiting:
            schema = waiting.pop(0)
            name = ref_name(schema)
            if name in self.defs and name is not None and name not in found:
                found.append(name)
                waiting.append(self.defs[name])
            elif name is None:
                inner = schema.values() if isinstance(schema, dict) else schema
                waiting.extend(inner if not isinstance(inner, str) and hasattr(inner, "__iter__") else [])
        return found

    def _members(self, name: str) -> str:
        schema = self.defs[name]
        properties = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(properties, dict):
            return type_text(schema)
        return ", ".join(f"{member}: {type_text(inner)}" for member, inner in properties.items())


def _is_reserved(service: str) -> bool:
    """Whether a service is one of those that every daemon has."""
    return service == "hallway" or service.startswith("hallway.")


def _checked(described: Any, **members: type) -> Dict[str, Any]:
    """An object of a description, with these members, which are of these types; absent ones are empty."""
    if type(described) is not dict:
        raise UnexpectedResult("unexpected_result", "the description holds no object where one is expected")
    checked: Dict[str, Any] = dict(described)
    for name, kind in members.items():
        if type(checked.setdefault(name, kind())) is not kind:
            raise UnexpectedResult("unexpected_result", f"the description's `{name}` is no {kind.__name__}")
    return checked


def _annotation(text: str) -> Any:
    return _ANNOTATIONS.get(text, Shape(text))


def _section(title: str, rows: List[Any]) -> List[str]:
    lines = []
    for name, docs in rows:
        text = " ".join(str(docs).split())
        lines.append(f"    {name}: {text}" if text else f"    {name}")
    return ["\n".join([f"{title}:", *lines])] if lines else []


class Service:
    """A service whose methods are attributes, as its description has them."""

    def __init__(self, description: Description, invoke: Invoke) -> None:
        self._description = description
        self._invoke = invoke
        self._names = {python_name(name): name for name in description.methods}
        self.__doc__ = description.docs

    def __getattr__(self, name: str) -> Callable[..., Any]:
        names = self.__dict__.get("_names", {})
        if name not in names:
            service = self._description.name if "_description" in self.__dict__ else "?"
            raise AttributeError(f"the service {service} has no method {name!r}; it has {', '.join(sorted(names))}")
        function = self._description.function(names[name], self._invoke)
        # The next time it is found without coming here.
        self.__dict__[name] = function
        return function

    def __dir__(self) -> List[str]:
        return sorted(self._names)

"""Says "hello".

In three lines, with \\ and */ in \"\"\"them\"\"\".

Written by hallway.codegen.
"""

import json
from typing import Any, AsyncIterator, Awaitable, Dict, Iterator, List, Literal, Optional, TypedDict, Union

import hallway
import hallway.aio
from hallway import Event, Lagged

__all__ = ['AsyncOddNames', 'Either', 'Event_', 'Level', 'NotFound', 'OddNames', 'Shape', 'State', 'Tagged', 'Tree']


Either = Optional[Union["Tree", "Event_"]]


_Event_Always = TypedDict(
    '_Event_Always',
    {'n': float},
)

_Event_Sometimes = TypedDict(
    '_Event_Sometimes',
    {'class': str, 'odd name': Optional[int]},
    total=False,
)


class Event_(_Event_Always, _Event_Sometimes):
    pass


Level = Literal['low', 'high']


_NotFoundAlways = TypedDict(
    '_NotFoundAlways',
    {'what': str},
)

_NotFoundSometimes = TypedDict(
    '_NotFoundSometimes',
    {'near': Optional[str]},
    total=False,
)


class NotFound(_NotFoundAlways, _NotFoundSometimes):
    pass


Shape = Union[Literal['None'], Dict[str, Any]]


State = Union[Literal['waiting'], Dict[str, Any], Union[str, Dict[str, Any]]]


Tagged = Dict[str, Any]


_TreeAlways = TypedDict(
    '_TreeAlways',
    {'below': List["Tree"], 'by_name': Dict[str, "Tree"], 'leaf': bytes, 'self': bool, 'shape': "Shape", 'tagged': "Tagged"},
)

_TreeSometimes = TypedDict(
    '_TreeSometimes',
    {'left': Optional["Tree"]},
    total=False,
)


class Tree(_TreeAlways, _TreeSometimes):
    """A tree."""



_DESCRIPTION = hallway.Description(json.loads("{\"name\":\"odd_names\",\"version\":\"3.1\",\"docs\":\"Says \\\"hello\\\".\\n\\nIn three lines, with \\\\ and */ in \\\"\\\"\\\"them\\\"\\\"\\\".\",\"methods\":[{\"name\":\"import\",\"docs\":\"Ends in a quote: \\\"x\\\"\",\"kind\":\"unary\",\"idempotent\":false,\"params\":[{\"name\":\"from\",\"docs\":\"Where from.\",\"schema\":{\"type\":\"string\"},\"required\":true},{\"name\":\"since\",\"schema\":{\"format\":\"int64\",\"type\":[\"integer\",\"null\"]},\"required\":false},{\"name\":\"event\",\"schema\":{\"$ref\":\"#/$defs/Event\"},\"required\":true},{\"name\":\"tags\",\"schema\":{\"items\":{\"type\":\"string\"},\"type\":\"array\"},\"required\":false,\"default\":[]},{\"name\":\"level\",\"schema\":{\"$ref\":\"#/$defs/Level\"},\"required\":false,\"default\":\"low\"},{\"name\":\"mode\",\"schema\":{\"type\":\"string\"},\"required\":false,\"default\":\"a \\\"b\\\"\"},{\"name\":\"deep\",\"schema\":{\"type\":\"boolean\"},\"required\":false,\"default\":false},{\"name\":\"ratio\",\"schema\":{\"format\":\"double\",\"type\":\"number\"},\"required\":false,\"default\":0.5}],\"result\":{\"$ref\":\"#/$defs/Tree\"},\"errors\":[{\"code\":\"a_1b\",\"retryable\":false},{\"code\":\"not_found\",\"docs\":\"There is no {such} \\\"thing\\\".\",\"retryable\":true,\"details\":{\"$ref\":\"#/$defs/NotFound\"}}]},{\"name\":\"watch\",\"kind\":\"subscription\",\"idempotent\":false,\"params\":[],\"result\":{\"$ref\":\"#/$defs/Event\"},\"errors\":[]},{\"name\":\"list\",\"kind\":\"stream\",\"idempotent\":true,\"params\":[],\"result\":{\"$ref\":\"#/$defs/Either\"},\"errors\":[{\"code\":\"a_1b\",\"retryable\":false}]},{\"name\":\"tell\",\"kind\":\"notification\",\"idempotent\":false,\"params\":[],\"result\":null,\"errors\":[]},{\"name\":\"new\",\"kind\":\"unary\",\"idempotent\":false,\"bulk\":true,\"params_max\":4096,\"params\":[{\"name\":\"job\",\"schema\":{\"$ref\":\"#/$defs/State\"},\"required\":true}],\"result\":{\"type\":\"null\"},\"errors\":[]},{\"name\":\"any\",\"kind\":\"unary\",\"idempotent\":false,\"params\":[{\"name\":\"x\",\"schema\":true,\"required\":true}],\"result\":true,\"errors\":[]},{\"name\":\"hidden\",\"kind\":\"unary\",\"idempotent\":false,\"params\":[],\"result\":{\"maxItems\":2,\"minItems\":2,\"prefixItems\":[{\"type\":\"string\"},{\"format\":\"float\",\"type\":\"number\"}],\"type\":\"array\"},\"errors\":[]}],\"$defs\":{\"Either\":{\"anyOf\":[{\"$ref\":\"#/$defs/Tree\"},{\"$ref\":\"#/$defs/Event\"},{\"type\":\"null\"}]},\"Event\":{\"properties\":{\"class\":{\"type\":\"string\"},\"n\":{\"format\":\"double\",\"type\":\"number\"},\"odd name\":{\"format\":\"int32\",\"type\":[\"integer\",\"null\"]}},\"required\":[\"n\"],\"type\":\"object\"},\"Level\":{\"description\":\"How much.\",\"enum\":[\"low\",\"high\"],\"type\":\"string\"},\"NotFound\":{\"properties\":{\"near\":{\"type\":[\"string\",\"null\"]},\"what\":{\"type\":\"string\"}},\"required\":[\"what\"],\"type\":\"object\"},\"Shape\":{\"oneOf\":[{\"const\":\"None\",\"description\":\"Nothing.\",\"type\":\"string\"},{\"additionalProperties\":false,\"properties\":{\"circle\":{\"format\":\"uint8\",\"maximum\":255,\"minimum\":0,\"type\":\"integer\"}},\"required\":[\"circle\"],\"type\":\"object\"},{\"additionalProperties\":false,\"properties\":{\"boxed\":{\"properties\":{\"high\":{\"format\":\"uint64\",\"minimum\":0,\"type\":[\"integer\",\"null\"]},\"wide\":{\"format\":\"uint64\",\"minimum\":0,\"type\":\"integer\"}},\"required\":[\"wide\"],\"type\":\"object\"}},\"required\":[\"boxed\"],\"type\":\"object\"}]},\"State\":{\"anyOf\":[{\"const\":\"waiting\",\"description\":\"Nobody works on it yet.\",\"type\":\"string\"},{\"properties\":{\"running\":{\"properties\":{\"percent\":{\"format\":\"uint8\",\"maximum\":255,\"minimum\":0,\"type\":\"integer\"}},\"required\":[\"percent\"],\"type\":\"object\"}},\"required\":[\"running\"],\"type\":\"object\"},{\"properties\":{\"done\":{\"$ref\":\"#/$defs/Event\"}},\"required\":[\"done\"],\"type\":\"object\"},{\"description\":\"What a newer peer may say.\",\"type\":[\"string\",\"object\"]}],\"description\":\"What becomes of a job.\"},\"Tagged\":{\"oneOf\":[{\"properties\":{\"type\":{\"const\":\"a\",\"type\":\"string\"},\"x\":{\"type\":\"string\"}},\"required\":[\"type\",\"x\"],\"type\":\"object\"}]},\"Tree\":{\"description\":\"A tree.\",\"properties\":{\"below\":{\"items\":{\"$ref\":\"#/$defs/Tree\"},\"type\":\"array\"},\"by_name\":{\"additionalProperties\":{\"$ref\":\"#/$defs/Tree\"},\"type\":\"object\"},\"leaf\":{\"contentEncoding\":\"base64\",\"description\":\"What it holds.\",\"type\":\"string\"},\"left\":{\"anyOf\":[{\"$ref\":\"#/$defs/Tree\"},{\"type\":\"null\"}]},\"self\":{\"type\":\"boolean\"},\"shape\":{\"$ref\":\"#/$defs/Shape\"},\"tagged\":{\"$ref\":\"#/$defs/Tagged\"}},\"required\":[\"below\",\"by_name\",\"leaf\",\"self\",\"shape\",\"tagged\"],\"type\":\"object\"}}}"))


class OddNames:
    """Says "hello".

    In three lines, with \\ and */ in \"\"\"them\"\"\".
    """

    def __init__(self, client: hallway.Client) -> None:
        self._client = client

    def import_(self, from_: str, event: "Event_", since: Optional[int] = None, tags: Optional[List[str]] = None, level: "Level" = 'low', mode: str = 'a "b"', deep: bool = False, ratio: float = 0.5) -> "Tree":
        """Ends in a quote: "x"

        Parameters:
            from_: Where from.

        Errors:
            a_1b
            not_found: There is no {such} "thing".

        Types:
            Tree: below: List[Tree], by_name: Dict[str, Tree], leaf: bytes, left: Optional[Tree], self: bool, shape: Shape, tagged: Tagged
            Event_: class: str, n: float, odd name: Optional[int]
            Level: Literal['low', 'high']
            Shape: Union[Literal['None'], Dict[str, Any]]
            Tagged: Dict[str, Any]
        """
        _params: Dict[str, Any] = {'from': from_, 'event': event}
        if since is not None:
            _params['since'] = since
        if tags is not None:
            _params['tags'] = tags
        if level is not None:
            _params['level'] = level
        if mode is not None:
            _params['mode'] = mode
        if deep is not None:
            _params['deep'] = deep
        if ratio is not None:
            _params['ratio'] = ratio
        _result: "Tree" = self._client.invoke(_DESCRIPTION.method('import'), _params)
        return _result

    def watch(self) -> Iterator[Union[Event["Event_"], Lagged]]:
        """Types:
            Event_: class: str, n: float, odd name: Optional[int]
        """
        _params: Dict[str, Any] = {}
        _result: Iterator[Union[Event["Event_"], Lagged]] = self._client.invoke(_DESCRIPTION.method('watch'), _params)
        return _result

    def list(self) -> Iterator["Either"]:
        """Errors:
            a_1b

        Types:
            Either: Optional[Union[Tree, Event_]]
            Tree: below: List[Tree], by_name: Dict[str, Tree], leaf: bytes, left: Optional[Tree], self: bool, shape: Shape, tagged: Tagged
            Event_: class: str, n: float, odd name: Optional[int]
            Shape: Union[Literal['None'], Dict[str, Any]]
            Tagged: Dict[str, Any]
        """
        _params: Dict[str, Any] = {}
        _result: Iterator["Either"] = self._client.invoke(_DESCRIPTION.method('list'), _params)
        return _result

    def tell(self) -> None:
        """tell"""
        _params: Dict[str, Any] = {}
        _result: None = self._client.invoke(_DESCRIPTION.method('tell'), _params)
        return _result

    def new(self, job: "State") -> None:
        """Types:
            State: Union[Literal['waiting'], Dict[str, Any], Union[str, Dict[str, Any]]]
            Event_: class: str, n: float, odd name: Optional[int]
        """
        _params: Dict[str, Any] = {'job': job}
        _result: None = self._client.invoke(_DESCRIPTION.method('new'), _params)
        return _result

    def any(self, x: Any) -> Any:
        """any"""
        _params: Dict[str, Any] = {'x': x}
        _result: Any = self._client.invoke(_DESCRIPTION.method('any'), _params)
        return _result

    def hidden(self) -> List[Any]:
        """hidden"""
        _params: Dict[str, Any] = {}
        _result: List[Any] = self._client.invoke(_DESCRIPTION.method('hidden'), _params)
        return _result


class AsyncOddNames:
    """Says "hello".

    In three lines, with \\ and */ in \"\"\"them\"\"\".
    """

    def __init__(self, client: hallway.aio.Client) -> None:
        self._client = client

    def import_(self, from_: str, event: "Event_", since: Optional[int] = None, tags: Optional[List[str]] = None, level: "Level" = 'low', mode: str = 'a "b"', deep: bool = False, ratio: float = 0.5) -> Awaitable["Tree"]:
        """Ends in a quote: "x"

        Parameters:
            from_: Where from.

        Errors:
            a_1b
            not_found: There is no {such} "thing".

        Types:
            Tree: below: List[Tree], by_name: Dict[str, Tree], leaf: bytes, left: Optional[Tree], self: bool, shape: Shape, tagged: Tagged
            Event_: class: str, n: float, odd name: Optional[int]
            Level: Literal['low', 'high']
            Shape: Union[Literal['None'], Dict[str, Any]]
            Tagged: Dict[str, Any]
        """
        _params: Dict[str, Any] = {'from': from_, 'event': event}
        if since is not None:
            _params['since'] = since
        if tags is not None:
            _params['tags'] = tags
        if level is not None:
            _params['level'] = level
        if mode is not None:
            _params['mode'] = mode
        if deep is not None:
            _params['deep'] = deep
        if ratio is not None:
            _params['ratio'] = ratio
        _result: Awaitable["Tree"] = self._client.invoke(_DESCRIPTION.method('import'), _params)
        return _result

    def watch(self) -> AsyncIterator[Union[Event["Event_"], Lagged]]:
        """Types:
            Event_: class: str, n: float, odd name: Optional[int]
        """
        _params: Dict[str, Any] = {}
        _result: AsyncIterator[Union[Event["Event_"], Lagged]] = self._client.invoke(_DESCRIPTION.method('watch'), _params)
        return _result

    def list(self) -> AsyncIterator["Either"]:
        """Errors:
            a_1b

        Types:
            Either: Optional[Union[Tree, Event_]]
            Tree: below: List[Tree], by_name: Dict[str, Tree], leaf: bytes, left: Optional[Tree], self: bool, shape: Shape, tagged: Tagged
            Event_: class: str, n: float, odd name: Optional[int]
            Shape: Union[Literal['None'], Dict[str, Any]]
            Tagged: Dict[str, Any]
        """
        _params: Dict[str, Any] = {}
        _result: AsyncIterator["Either"] = self._client.invoke(_DESCRIPTION.method('list'), _params)
        return _result

    def tell(self) -> Awaitable[None]:
        """tell"""
        _params: Dict[str, Any] = {}
        _result: Awaitable[None] = self._client.invoke(_DESCRIPTION.method('tell'), _params)
        return _result

    def new(self, job: "State") -> Awaitable[None]:
        """Types:
            State: Union[Literal['waiting'], Dict[str, Any], Union[str, Dict[str, Any]]]
            Event_: class: str, n: float, odd name: Optional[int]
        """
        _params: Dict[str, Any] = {'job': job}
        _result: Awaitable[None] = self._client.invoke(_DESCRIPTION.method('new'), _params)
        return _result

    def any(self, x: Any) -> Awaitable[Any]:
        """any"""
        _params: Dict[str, Any] = {'x': x}
        _result: Awaitable[Any] = self._client.invoke(_DESCRIPTION.method('any'), _params)
        return _result

    def hidden(self) -> Awaitable[List[Any]]:
        """hidden"""
        _params: Dict[str, Any] = {}
        _result: Awaitable[List[Any]] = self._client.invoke(_DESCRIPTION.method('hidden'), _params)
        return _result

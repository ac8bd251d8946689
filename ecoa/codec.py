"""Values as JSON text and back: what runs, effects and sessions are stored as.

    text = dumps({"order": Order(id=7), "at": datetime.now(UTC), "price": Decimal("9.90")})
    value = loads(text)

What JSON has no form for is tagged: {"$ecoa": "decimal", "v": "9.90"}; classes by name: {"$ecoa": "model",
"t": "shop.orders:Order", "v": {…}}. Nothing is pickled and nothing is imported: a class that is neither imported nor
registered comes back as a plain dict of its fields.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import hashlib
import json
import math
import re
import sys
import weakref
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from ecoa.errors import ResultNotSerializable

type Path = tuple[Any, ...]  # () or (the path around, key): linked, as few are ever told

TAG = "$ecoa"
MAX_BYTES = 64 * 1024 * 1024  # of one value
MAX_DEPTH = 200

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL takes no NUL, UTF-8 no lone surrogate
_seen: weakref.WeakValueDictionary[str, type] = weakref.WeakValueDictionary()  # by stored name


def dumps(value: Any, *, limit: int = MAX_BYTES) -> str:
    """The JSON text of a value; raises ResultNotSerializable naming the part that has none."""
    text = _plain_text(value) or json.dumps(
        _encode(value, (), 0), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    size = len(text)
    if size * 4 > limit and (size := len(text.encode())) > limit:
        raise ResultNotSerializable(f"it is {size:,} bytes of JSON; at most {limit:,} are stored")
    return text


def loads(text: str) -> Any:
    """The value of a JSON text that `dumps` made."""
    value = json.loads(text)
    return _decode(value) if f'"{TAG}"' in text else value


def canonical(value: Any) -> bytes:
    """Bytes that are equal for equal values: keys sorted, no spaces."""
    encoded = _encode(value, (), 0)
    return json.dumps(encoded, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode()


def digest(text: str | bytes) -> str:
    """sha256 in hex."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def register[T: type](cls: T) -> T:
    """Let `loads` make instances of a dataclass, enum or model although its module's name does not lead to it."""
    _seen[_name_of(cls)] = cls
    return cls


def _plain_text(value: Any) -> str | None:
    """Short cuts for what most results are; None when there is none."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if type(value) is int:
            return str(value)
    return None


def _encode(value: Any, path: Path, depth: int) -> Any:  # noqa: PLR0911  # the commonest types first
    kind = type(value)
    if kind is str:
        return value if _storable(value) else {TAG: "str", "v": value.encode("unicode_escape").decode()}
    if value is None or kind is bool or kind is int:
        return value
    if kind is float:
        return value if math.isfinite(value) else {TAG: "float", "v": repr(value)}
    if depth > MAX_DEPTH:
        raise ResultNotSerializable(f"{_told(path)} is nested more than {MAX_DEPTH} deep (or holds itself)")
    if kind is dict:
        return _encode_dict(value, path, depth)
    if kind is list:
        return [_encode(item, (path, n), depth + 1) for n, item in enumerate(value)]
    encode = _BY_TYPE.get(kind)
    if encode is not None:
        return encode(value, path, depth)
    return _encode_object(value, path, depth)


def _told(path: Path) -> str:
    """The path as people write it; of a deep one the innermost part."""
    parts: list[str] = []
    while path and len(parts) < 8:
        path, key = path
        parts.append(f"[{key!r}]")
    return ("…" if path else "$") + "".join(reversed(parts))


def _storable(text: str) -> bool:
    return "\0" not in text if text.isascii() else not _UNSTORABLE.search(text)


def _encode_dict(value: Mapping[Any, Any], path: Path, depth: int) -> Any:
    if TAG not in value and all(type(key) is str and _storable(key) for key in value):
        return {key: _encode(item, (path, key), depth + 1) for key, item in value.items()}
    pairs = [
        [_encode(key, (path, key), depth + 1), _encode(item, (path, key), depth + 1)] for key, item in value.items()
    ]
    return {TAG: "dict", "v": pairs}


def _encode_object(value: Any, path: Path, depth: int) -> Any:
    cls = type(value)
    fields: Mapping[str, Any]
    if isinstance(value, enum.Enum):
        return _tagged("enum", cls, _encode(value.value, path, depth + 1))
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        fields = {name: getattr(value, name) for name in names if hasattr(value, name)}
        return _tagged("dataclass", cls, _encode_dict(fields, path, depth))
    if _is_model(cls):
        fields = {**value.__dict__, **(value.__pydantic_extra__ or {})}
        return _tagged("model", cls, _encode_dict(fields, path, depth))
    if isinstance(value, tuple) and hasattr(cls, "_fields"):
        return _tagged("namedtuple", cls, _encode_dict(dict(zip(cls._fields, value, strict=True)), path, depth))
    for base, encode in _BY_TYPE.items():  # subclasses lose what they add
        if isinstance(value, base):
            return encode(value, path, depth)
    plain: Any
    for plain in (str, int, float, list, dict):
        if isinstance(value, plain):
            return _encode(plain(value), path, depth)
    raise ResultNotSerializable(f"{_told(path)} is a {cls.__module__}.{cls.__qualname__}, which has no JSON form")


def _tagged(tag: str, cls: type, value: Any) -> dict[str, Any]:
    name = _name_of(cls)
    if _seen.get(name) is not cls:
        _seen[name] = cls
    return {TAG: tag, "t": name, "v": value}


def _name_of(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def _is_model(cls: type) -> bool:
    return hasattr(cls, "__pydantic_validator__") and hasattr(cls, "model_fields")


def _items(tag: str) -> Callable[[Any, Path, int], Any]:
    def encode(value: Any, path: Path, depth: int) -> Any:
        members = [_encode(item, (path, n), depth + 1) for n, item in enumerate(value)]
        if tag.endswith("set"):  # equal sets have equal texts
            members.sort(key=lambda item: json.dumps(item, sort_keys=True))
        return {TAG: tag, "v": members}

    return encode


def _scalar(tag: str, form: Callable[[Any], Any]) -> Callable[[Any, Path, int], Any]:
    return lambda value, path, depth: {TAG: tag, "v": form(value)}


_BY_TYPE: dict[type, Callable[[Any, Path, int], Any]] = {
    tuple: _items("tuple"),
    set: _items("set"),
    frozenset: _items("frozenset"),
    datetime: _scalar("datetime", datetime.isoformat),
    date: _scalar("date", date.isoformat),
    time: _scalar("time", time.isoformat),
    timedelta: _scalar("timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: _scalar("decimal", str),
    UUID: _scalar("uuid", str),
    bytes: _scalar("bytes", lambda value: base64.b64encode(value).decode()),
    bytearray: _scalar("bytes", lambda value: base64.b64encode(value).decode()),
    complex: _scalar("complex", repr),
}

_SCALARS: dict[str, Callable[[Any], Any]] = {
    "str": lambda v: v.encode("ascii").decode("unicode_escape"),
    "float": float,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda v: timedelta(*v),
    "decimal": Decimal,
    "uuid": UUID,
    "bytes": base64.b64decode,
    "complex": complex,
}
_COLLECTIONS: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset, "dict": dict}


def _decode(value: Any) -> Any:
    if type(value) is list:
        return [_decode(item) for item in value]
    if type(value) is not dict:
        return value
    tag = value.get(TAG)
    if type(tag) is not str:
        return {key: _decode(item) for key, item in value.items()}
    if tag in _SCALARS:
        return _SCALARS[tag](value["v"])
    if tag in _COLLECTIONS:
        return _COLLECTIONS[tag](_decode(value["v"]))
    return _instance(tag, value.get("t", ""), _decode(value.get("v")))


def _instance(tag: str, name: str, fields: Any) -> Any:  # noqa: PLR0911  # one line a kind
    """An object of a known class; its plain fields when the class is unknown or takes them no more."""
    cls = _class_of(name)
    try:
        if cls is None:
            return fields
        if tag == "enum" and issubclass(cls, enum.Enum):
            return cls(fields)
        if tag == "dataclass" and dataclasses.is_dataclass(cls):
            return _make_dataclass(cls, fields)
        if tag == "model" and _is_model(cls):
            return cls.model_validate(fields, by_name=True, by_alias=False)  # type: ignore[attr-defined]
        if tag == "namedtuple" and issubclass(cls, tuple):
            return cls(**fields)
    except (TypeError, ValueError):
        return fields
    return fields


def _make_dataclass(cls: type, fields: dict[str, Any]) -> Any:
    given = {field.name: field.init for field in dataclasses.fields(cls)}
    made = cls(**{name: value for name, value in fields.items() if given.get(name, True)})
    for name, value in fields.items():
        if not given.get(name, True):
            object.__setattr__(made, name, value)
    return made


def _class_of(name: str) -> type | None:
    found = _seen.get(name)
    if found is not None:
        return found
    module, _, qualname = name.partition(":")
    here: Any = sys.modules.get(module)
    for part in qualname.split("."):
        here = getattr(here, part, None)
    return here if isinstance(here, type) else None

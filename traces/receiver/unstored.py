"""Metrics are answered and not stored: how many data points a request held, for its partial_success."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from traces.otlp_json import parsed
from traces.receiver.answers import Encoding
from traces.wire import DEFAULT_LIMITS, Malformed, TooMany, walk

NOT_STORED = "metrics_not_stored"

# Fields from the request down to a data point; of a metric the five kinds of data, whose field 1 is a data point.
DATA_POINTS = (frozenset({1}), frozenset({2}), frozenset({2}), frozenset({5, 7, 9, 10, 11}), frozenset({1}))
JSON_METRICS = ("resourceMetrics", "scopeMetrics", "metrics")
JSON_METRIC_DATA = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")

MAX_ITEMS = 10 * DEFAULT_LIMITS.spans

type Json = Any  # Any: whatever the client sent


def data_points(encoding: Encoding, body: bytes) -> int:
    """Data points in a request. Raises Malformed, and TooMany when counting would take long."""
    if encoding is Encoding.JSON:
        return _json_points(parsed(body))
    count = 0
    for _ in _protobuf_points(body, 0, len(body), DATA_POINTS):
        count += 1
        if count > MAX_ITEMS:
            raise TooMany(f"more than {MAX_ITEMS} items in one request")
    return count


def _protobuf_points(body: bytes, start: int, end: int, path: Sequence[frozenset[int]]) -> Iterator[None]:
    if not path:
        yield None
        return
    for number, inner_start, inner_end in walk(body, start, end):
        if number in path[0]:
            yield from _protobuf_points(body, inner_start, inner_end, path[1:])


def _json_points(request: Json) -> int:
    if not isinstance(request, dict):
        raise Malformed("the request must be an object")
    items = [request]
    for name in JSON_METRICS:
        items = [member for item in items for member in _members(item, name)]
    data = [item.get(kind) or item.get(_snake(kind)) for item in items for kind in JSON_METRIC_DATA]
    return sum(len(_members(one, "dataPoints")) for one in data if isinstance(one, dict))


def _members(item: dict[str, Json], name: str) -> list[dict[str, Json]]:
    value = item.get(name, item.get(_snake(name)))
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(member, dict) for member in value):
        raise Malformed(f"{name}: must be a list of objects")
    return value


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

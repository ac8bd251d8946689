"""Messages that are spread over indexed keys, "llm.input_messages.0.message.content": gathered by number, whatever
their order, their gaps and how high they count."""

from __future__ import annotations

from collections.abc import Mapping

from traces.values import Value

_MAX_STEPS = 24


def gathered(attributes: Mapping[str, Value], prefix: str) -> Value:
    """What stands under a prefix, as nested lists and objects; None when nothing does."""
    root: dict[str, Value] = {}
    for key, value in attributes.items():
        if key.startswith(prefix):
            _put(root, key[len(prefix) :].split(".", _MAX_STEPS), value)
    return _listed(root) if root else None


def _put(into: dict[str, Value], steps: list[str], value: Value) -> None:
    for step in steps[:-1]:
        inner = into.get(step)
        if not isinstance(inner, dict):
            inner = {} if inner is None else {"": inner}
            into[step] = inner
        into = inner
    last = steps[-1]
    held = into.get(last)
    if isinstance(held, dict) and not isinstance(value, dict):
        held[""] = value
    else:
        into[last] = value


def _listed(value: Value) -> Value:
    """Objects whose keys are all numbers, as lists in the order of those."""
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(one) for key, one in value.items()}
    numbers = {key: int(key) for key in inner if key.isascii() and key.isdigit()}
    if numbers and len(numbers) == len(inner):
        return [inner[key] for key in sorted(numbers, key=numbers.__getitem__)]
    return inner

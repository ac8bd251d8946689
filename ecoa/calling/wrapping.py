"""What may be an agent: functions, classes and objects with run(), and other libraries' agents by their shape."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ecoa.calling.scope import current
from ecoa.calling.usage import as_usage
from ecoa.errors import Misuse

EXTRAS = frozenset({"ctx", "model"})  # parameters that a function may ask for beside its input


@dataclass(frozen=True, slots=True)
class Plan:
    """How to call it."""

    call: Callable[..., Any]
    plain: bool  # it blocks: it needs a thread
    extras: frozenset[str] = frozenset()
    streams: bool = False  # an async generator function
    hints: Callable[..., Any] | None = None  # where its type hints are


def plan_of(target: Any, name: str) -> Plan:
    """The plan for a callable, a class, or an object; Misuse when it is none of what is known."""
    for known in (_langchain, _openai_agents, _pydantic_ai):
        call = known(target)
        if call is not None:
            return Plan(call, plain=False)
    if inspect.isclass(target):
        return _plan_of_class(target, name)
    if not inspect.isroutine(target) and callable(getattr(target, "run", None)):
        return _plan_of_function(target.run, name)
    if callable(target):
        return _plan_of_function(target, name)
    raise Misuse(f"agent {name!r}: {target!r} is no function, has no run(), and is no agent of a library known here")


def name_of(target: Any) -> str:
    """The name an agent is registered under unless it is given one: a class's in lower-case snake form."""
    if isinstance(target, functools.partial):
        return name_of(target.func)
    if inspect.isclass(target):
        return snake(target.__name__)
    name = getattr(target, "__name__", None)
    if isinstance(name, str):
        if name == "<lambda>":
            raise Misuse("a lambda has no name: Agent('name', lambda x: …)")
        return name
    own = getattr(target, "name", None)  # other libraries' agents
    return snake(own if isinstance(own, str) and own else type(target).__name__)


def snake(name: str) -> str:
    """`OrderDesk` as "order_desk"."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+", "_", parted).strip("_").lower()


def _plan_of_class(cls: type[Any], name: str) -> Plan:
    if not callable(getattr(cls, "run", None)):
        raise Misuse(f"agent {name!r}: the class {cls.__name__} has no run()")
    made: list[Any] = []

    @functools.wraps(cls.run)
    def run(*args: Any, **kwargs: Any) -> Any:
        """Importing makes no instance: the first call does, and further calls share it."""
        if not made:
            made.append(_instance(cls, name))
        return made[0].run(*args, **kwargs)

    plan = _plan_of_function(
        cls.run, name, skip=0 if isinstance(inspect.getattr_static(cls, "run"), staticmethod) else 1
    )
    return Plan(run, plan.plain, plan.extras, plan.streams, cls.run)


def _instance(cls: type[Any], name: str) -> Any:
    try:
        inspect.signature(cls).bind()
    except TypeError as cause:
        raise Misuse(f"agent {name!r}: {cls.__name__}() {cause}; make an instance and wrap that") from cause
    return cls()


def _plan_of_function(fn: Callable[..., Any], name: str, *, skip: int = 0) -> Plan:
    streams = inspect.isasyncgenfunction(fn)
    called = fn if inspect.isroutine(fn) or isinstance(fn, functools.partial) else type(fn).__call__
    plain = not (streams or inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(called))
    return Plan(fn, plain, _extras(fn, name, skip=skip), streams, fn)


def _extras(fn: Callable[..., Any], name: str, *, skip: int) -> frozenset[str]:
    """Which of `ctx` and `model` it asks for beside its input."""
    try:
        parameters = list(inspect.signature(fn).parameters.values())[skip:]
    except ValueError:  # builtins without a signature
        return frozenset()
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    if not parameters or parameters[0].kind not in {*positional, inspect.Parameter.VAR_POSITIONAL}:
        raise Misuse(f"agent {name!r}: the first parameter is its input; {_shown(fn)} has none")
    rest = parameters[1:]
    asked = frozenset(one.name for one in rest if one.name in EXTRAS and one.kind != inspect.Parameter.POSITIONAL_ONLY)
    needs = [
        one.name
        for one in rest
        if one.default is one.empty
        and one.kind in {*positional, inspect.Parameter.KEYWORD_ONLY}
        and one.name not in asked
    ]
    if needs:
        raise Misuse(f"agent {name!r}: nobody gives {', '.join(needs)}; an agent has one input, and ctx if it asks")
    return asked


def _shown(fn: Callable[..., Any]) -> str:
    return f"{getattr(fn, '__qualname__', fn)}{inspect.signature(fn)}"


def _langchain(target: Any) -> Callable[[Any], Awaitable[Any]] | None:
    """A runnable: its answer as it is, an answer's usage_metadata counted."""
    if inspect.isclass(target) or not (
        callable(getattr(target, "ainvoke", None)) and callable(getattr(target, "invoke", None))
    ):
        return None

    async def invoke(x: Any) -> Any:
        return await target.ainvoke(x)

    return invoke


def _openai_agents(target: Any) -> Callable[[Any], Awaitable[Any]] | None:
    """An agent of the OpenAI Agents SDK: its final output."""
    runner: Any = getattr(sys.modules.get("agents"), "Runner", None)
    if runner is None or inspect.isclass(target) or callable(getattr(target, "run", None)):
        return None
    if not all(hasattr(target, part) for part in ("name", "instructions", "handoffs")):
        return None

    async def run(x: Any) -> Any:
        answer = await runner.run(target, x)
        _count(getattr(getattr(answer, "context_wrapper", None), "usage", None))
        return answer.final_output

    return run


def _pydantic_ai(target: Any) -> Callable[[Any], Awaitable[Any]] | None:
    """A pydantic-ai agent: its output."""
    if inspect.isclass(target) or not all(
        callable(getattr(target, part, None)) for part in ("run", "run_sync", "iter")
    ):
        return None

    async def run(x: Any) -> Any:
        answer = await target.run(x)
        usage = getattr(answer, "usage", None)  # a method before 1.0, and callable for its sake since
        _count(usage if hasattr(usage, "input_tokens") or not callable(usage) else usage())
        return answer.output

    return run


def _count(told: Any) -> None:
    usage, scope = as_usage(told), current()
    if usage is not None and scope is not None:
        scope.spend(usage)


def hints_of(plan: Plan) -> tuple[Any, Any]:
    """The types of input and output that the callable declares; None where it declares none that can be found."""
    if plan.hints is None:
        return None, None
    target = plan.hints.func if isinstance(plan.hints, functools.partial) else plan.hints
    try:
        hints = typing.get_type_hints(target)
        names = list(inspect.signature(target).parameters)
    except (NameError, TypeError, ValueError, AttributeError):  # names of a TYPE_CHECKING block, or no function
        return None, None
    first = next((name for name in names if name != "self"), None)
    return hints.get(first) if first else None, hints.get("return")

"""Agents: callables that answer with a Result, whatever happens.

@agent(timeout=3, retry_policy=RetryPolicy())
async def classify(text: str) -> Label: ...

result = await classify.run("hello")
if result:
    print(result.data)
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Unpack, cast, overload

from ecoa.calling import registry
from ecoa.calling.attempts import call
from ecoa.calling.options import DEFAULTS, EffectClass, Options, checked
from ecoa.calling.scope import Scope, callers_key, current
from ecoa.calling.streaming import stream
from ecoa.calling.threads import wait_for
from ecoa.calling.wrapping import Plan, hints_of, name_of, plan_of
from ecoa.errors import AgentError, Misuse, Rejected
from ecoa.resilience.bulkhead import Bulkhead
from ecoa.result import Result, Usage

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from typing_extensions import TypeVar

    from ecoa.connectors.types import Connector
    from ecoa.context import SessionContext
    from ecoa.graph.pipeline import Pipeline
    from ecoa.resilience.breaker import CircuitBreaker
    from ecoa.resilience.limiter import RateLimiter
    from ecoa.resilience.retry import RetryPolicy
    from ecoa.review import Review

    In = TypeVar("In", default=Any)  # an agent by name may take and give anything
    Out = TypeVar("Out", default=Any)
else:  # 3.12 knows no defaults
    from typing import TypeVar

    In = TypeVar("In")
    Out = TypeVar("Out")

__all__ = ["Agent", "AgentError", "Result", "Usage", "agent"]


class Agent(Generic[In, Out]):  # noqa: UP046  # parameters of the new syntax have no defaults in 3.12
    """A callable with policies: `Agent("name", fn, …)`, or by name one that is registered: `Agent("refund", …)`.

    A name is looked up at the call; options given here go before those of the registered agent. Without options a call
    is one attempt without a time limit.

    model            asked when there is no callable: a connector, or "anthropic/…", "ollama/llama3"; else given to it
    retry_policy     how often and when a transient failure is tried again
    breaker          refuses while the target is down
    timeout          seconds of one attempt
    total_timeout    seconds of all attempts and the waits between them
    heartbeat        seconds that a long call may be silent; it calls ctx.heartbeat()
    limiter          requests and tokens a minute
    concurrency      calls at a time in this process
    fallback         the agent that answers when this one failed for good
    effect           what a call does to the world: none, transactional, keyed (gives ctx.idempotency_key on), guarded
    verify           of a guarded effect: verify(input, key) gives its output when it happened, else None
    key_ttl          seconds that the remote remembers a key; None: for ever
    compensate       the agent that undoes it when the run fails
    require_review   people look at the output before it goes on: a Review, or a function of the Result
    input, output    types that both must fit
    """

    def __init__(  # noqa: PLR0913  # one keyword each
        self,
        name: str,
        fn: Any = None,
        *,
        model: Connector | str | None = None,
        retry_policy: RetryPolicy | None = None,
        breaker: CircuitBreaker | None = None,
        timeout: float | None = None,
        total_timeout: float | None = None,
        heartbeat: float | None = None,
        limiter: RateLimiter | None = None,
        concurrency: int | None = None,
        fallback: Agent[In, Out] | None = None,
        effect: EffectClass = "none",
        verify: Callable[[In, str], Any] | None = None,
        key_ttl: float | None = 86400.0,
        compensate: Agent[Any, Any] | None = None,
        require_review: Review | Callable[[Result[Out]], bool] | None = None,
        input: type[In] | None = None,
        output: type[Out] | None = None,
    ) -> None:
        told = locals()
        given = {option: told[option] for option, default in DEFAULTS.items() if told[option] != default}
        if isinstance(fn, Agent):
            fn, given = fn.fn, {**fn.given, **given}
        self._set(name, fn, given)
        if fn is not None or model is not None:
            registry.remember(self)

    def _set(self, name: str, fn: Any, given: dict[str, Any]) -> None:
        options = {**DEFAULTS, **given}
        checked(name, options)
        self.name = name
        self.fn = fn
        self.given = given  # the options that differ from the defaults
        self.plan: Plan | None = None if fn is None else plan_of(fn, name)
        self.retry_policy: RetryPolicy | None = options["retry_policy"]
        self.breaker: CircuitBreaker | None = options["breaker"]
        self.timeout: float | None = options["timeout"]
        self.total_timeout: float | None = options["total_timeout"]
        self.heartbeat: float | None = options["heartbeat"]
        self.limiter: RateLimiter | None = options["limiter"]
        self.bulkhead = None if options["concurrency"] is None else Bulkhead(options["concurrency"])
        self.fallback: Agent[In, Out] | None = _as_agent(options["fallback"])
        self.effect: EffectClass = options["effect"]
        self.verify: Callable[[In, str], Any] | None = options["verify"]
        self.key_ttl: float | None = options["key_ttl"]
        self.compensate: Agent[Any, Any] | None = _as_agent(options["compensate"])
        self.require_review: Review | Callable[[Result[Out]], bool] | None = options["require_review"]
        self.input: Any = options["input"]
        self.output: Any = options["output"]
        self._connector: Connector | None = None
        self._hints: tuple[Any, Any] | None = None
        self._resolved: tuple[Agent[Any, Any], Agent[In, Out]] | None = None
        if self.breaker is not None:
            self.breaker.named(name)
        if self.effect == "transactional" and self.plan is not None and not self.plan.plain:
            raise Misuse(f"agent {name!r}: a transactional agent is a plain def: Django's transactions are synchronous")

    async def run(
        self,
        x: In | SessionContext,
        /,
        *,
        context: SessionContext | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Result[Out]:
        """Call it. Failures are in the Result; what the program does wrong raises.

        idempotency_key: the caller's own; the same key gives an effect the same ctx.idempotency_key, and one that is
        done is answered from the ledger. timeout: seconds of the whole call.
        """
        resolved = self.resolve()
        context = context or _session(x)
        around = current()
        if around is None or around.run_id is None:
            await _flush_sessions()
        key = None if idempotency_key is None else callers_key(resolved.name, idempotency_key)
        if around is None:
            scope = Scope(path=resolved.name, session=context, key=key)
        else:
            scope = around.child(resolved.name, key=key, session=context)
        scope.deadline = scope.until(timeout)
        return await (_alone if scope.run_id is None else _in_run)(resolved, x, scope)

    def run_sync(
        self,
        x: In | SessionContext,
        /,
        *,
        context: SessionContext | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Result[Out]:
        """`run` for plain code: waits for the Result. Not where an event loop runs."""
        return wait_for(self.run(x, context=context, idempotency_key=idempotency_key, timeout=timeout))

    def stream(
        self, x: In, /, *, context: SessionContext | None = None, timeout: float | None = None
    ) -> AsyncIterator[Any]:
        """The answer in pieces: what an async generator yields, a model's Chunks; else the whole as one piece.

        One attempt; failures raise AgentError, as there is no Result to tell them in.
        """
        return stream(self, x, context=context, timeout=timeout)

    def with_(self, **changes: Unpack[Options]) -> Agent[In, Out]:
        """The same agent with other options; None takes one away."""
        given = {name: value for name, value in {**self.given, **changes}.items() if value != DEFAULTS.get(name, value)}
        for unknown in changes.keys() - DEFAULTS.keys():
            raise Misuse(f"agent {self.name!r}: there is no option {unknown!r}")
        other: Agent[In, Out] = Agent.__new__(Agent)
        other._set(self.name, self.fn, given)
        if "concurrency" not in changes:
            other.bulkhead = self.bulkhead
        return other

    def resolve(self) -> Agent[In, Out]:
        """The agent that is called: this one, or the registered one of its name with the options given here."""
        if self.fn is not None:
            return self
        if "model" not in self.given:
            return self._over(registry.get(self.name))
        registered = registry.declared(self.name)
        return self if registered is None or registered.fn is None else self._over(registered)

    @property
    def connector(self) -> Connector | None:
        """The model it asks."""
        if self._connector is None and "model" in self.given:
            from ecoa.connectors import connector

            self._connector = connector(self.given["model"])
        return self._connector

    @property
    def hints(self) -> tuple[Any, Any]:
        """The types of input and output that the callable declares."""
        if self._hints is None:
            self._hints = (None, None) if self.plan is None else hints_of(self.plan)
        return self._hints

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What was decorated, called as if it were not."""
        fn = self.resolve().fn
        if not callable(fn):
            raise Misuse(f"agent {self.name!r} has no function to call: await its run()")
        return fn(*args, **kwargs)

    def __rshift__(self, step: Any) -> Pipeline[Any, Any]:
        """A pipeline of this agent and a step after it."""
        from ecoa.graph.pipeline import Pipeline

        return Pipeline([self, step])

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self.given.items())
        return f"Agent({self.name!r}{options})"

    def _over(self, registered: Agent[Any, Any]) -> Agent[In, Out]:
        if self._resolved is None or self._resolved[0] is not registered:
            own = cast("Options", self.given)
            merged = registered.with_(**own) if own else registered
            if self.bulkhead is not None:
                merged.bulkhead = self.bulkhead
            self._resolved = (registered, merged)
        return self._resolved[1]


@overload
def agent(
    fn: None = None, /, *, name: str | None = None, **options: Unpack[Options]
) -> Callable[[Any], Agent[Any, Any]]: ...


@overload
def agent(fn: type[Any], /, *, name: str | None = None, **options: Unpack[Options]) -> Agent[Any, Any]: ...


@overload
def agent[X, Y](
    fn: Callable[Concatenate[X, ...], Coroutine[Any, Any, Y]],
    /,
    *,
    name: str | None = None,
    **options: Unpack[Options],
) -> Agent[X, Y]: ...


@overload
def agent[X, Y](
    fn: Callable[Concatenate[X, ...], Y], /, *, name: str | None = None, **options: Unpack[Options]
) -> Agent[X, Y]: ...


@overload
def agent(fn: Any, /, *, name: str | None = None, **options: Unpack[Options]) -> Agent[Any, Any]: ...


def agent(fn: Any = None, /, *, name: str | None = None, **options: Unpack[Options]) -> Any:
    """Register a def, an async def, a class or object with run(), or another library's agent; it becomes an Agent.

    `@agent`, `@agent(timeout=3)`, `@agent(name="refund")` or `agent(existing)`. The name is the function's; of a class
    its own in lower-case snake form.
    """
    if fn is None:
        return lambda target: agent(target, name=name, **options)
    made: Agent[Any, Any] = Agent.__new__(Agent)
    if isinstance(fn, Agent):
        made._set(name or fn.name, fn.fn, {**fn.given, **options})
    else:
        made._set(
            name or name_of(fn), fn, {of: value for of, value in options.items() if value != DEFAULTS.get(of, ...)}
        )
    made.__doc__ = getattr(fn, "__doc__", None)
    registry.declare(made)
    return made


async def _alone(agent: Agent[Any, Any], x: Any, scope: Scope) -> Result[Any]:
    """Outside of runs nobody can be asked: what needs a person stops there."""
    try:
        result = await call(agent, x, scope)
    except Exception as error:
        if not _needs_review(error):
            raise
        return Result(status="paused", error=_nobody(str(error)), trace_id=scope.trace_id, usage=scope.usage)
    if not result or scope.parent is not None or not _review_wanted(agent.require_review, result):
        return result
    return replace(result, status="paused", error=_nobody("its output has to be reviewed"))


async def _in_run(agent: Agent[Any, Any], x: Any, scope: Scope) -> Result[Any]:
    """A call in a node: what has to be reviewed pauses the node, which then runs again with the decision."""
    result = await call(agent, x, scope)
    if not result or not _review_wanted(agent.require_review, result):
        return result
    from ecoa.review import NeedsReview, Review

    root, decision = scope.root, scope.decision
    if root.asked:
        raise Misuse(f"{root.path} asks twice: a decision belongs to one question, so make it two agents")
    if decision is None:
        asked = agent.require_review if isinstance(agent.require_review, Review) else None
        raise NeedsReview(f"the output of {agent.name} has to be reviewed", payload=result.data, review=asked)
    root.asked = True
    if decision["decision"] == "reject":
        return replace(result, status="rejected", data=None, error=Rejected(decision.get("comment") or None))
    return result if decision.get("output") is None else replace(result, data=decision["output"])


def _needs_review(error: Exception) -> bool:
    module = sys.modules.get("ecoa.review")
    return module is not None and isinstance(error, module.NeedsReview)


def _review_wanted(wanted: Any, result: Result[Any]) -> bool:
    when = getattr(wanted, "when", None) if wanted is not None and not callable(wanted) else wanted
    return wanted is not None and (when is None or bool(when(result)))


def _nobody(why: str) -> AgentError:
    return AgentError(f"{why}; only a run of a pipeline can wait for people", type="NeedsReview")


def _as_agent(target: Any) -> Any:
    """Options that name an agent take what can be one, too."""
    return target if target is None or isinstance(target, Agent) else Agent(name_of(target), target)


def _session(x: Any) -> SessionContext | None:
    module = sys.modules.get("ecoa.context")
    return x if module is not None and isinstance(x, module.SessionContext) else None


async def _flush_sessions() -> None:
    module = sys.modules.get("ecoa.context")
    if module is not None:
        await module.flush()

"""Pipeline: a declared graph of agents, durable and resumable.

order = Pipeline("order", classify, extract, check).review(when=lambda r: r.confidence < 0.8).then(place_order)
result = await order.run(email, idempotency_key=email.id)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, cast

from typing_extensions import TypeVar  # with a default: pydantic brings it

from ecoa.errors import Misuse
from ecoa.graph import registry
from ecoa.graph.build import as_chain, as_join, extended, filled
from ecoa.graph.definition import agents_of, definition_of
from ecoa.graph.node import Chain, Each, Loop, Node, Parallel, ReviewGate, SignalWait, Step, Timer, When
from ecoa.graph.path import escaped
from ecoa.review import Channel, Review

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecoa.context import SessionContext
    from ecoa.engine.handle import RunHandle
    from ecoa.result import Result


In = TypeVar("In", default=Any)
Out = TypeVar("Out", default=Any)


class Pipeline(Generic[In, Out]):
    """Steps one after the other. Immutable: `then`, `parallel` … return another pipeline of the same name.

    A step is an agent, a function or class (wrapped as one), another pipeline (its steps run inside this run), or a
    node. `retry_policy` and `breaker` are for agents without their own; `timeout` is the whole run's, in seconds; the
    timeout of a pipeline that runs inside another one is the outer one's. on_change: what becomes of runs that began
    under another definition: they go on where names still fit (migrate), or wait for a person (hold).
    """

    def __init__(
        self,
        name: str | Sequence[Any],
        *steps: Any,
        retry_policy: Any = None,
        breaker: Any = None,
        timeout: float | None = None,
        on_change: Literal["migrate", "hold"] = "migrate",
    ) -> None:
        self._given_name = name if isinstance(name, str) else None
        self._defaults = {
            key: value for key, value in (("retry_policy", retry_policy), ("breaker", breaker)) if value is not None
        }
        self.timeout = timeout
        self.on_change = on_change
        if self._given_name == "":
            raise Misuse("a pipeline's name is not empty")
        steps = steps if isinstance(name, str) else (*name, *steps)
        self.chain = extended(Chain(), steps, defaults=self._defaults)
        self._register()

    # ---- building

    def then(self, *steps: Any, name: str | None = None) -> Self:
        """With these steps after it."""
        return self._with(extended(self.chain, steps, defaults=self._defaults, name=name))

    def __rshift__(self, step: Any) -> Self:
        return self.then(step)

    def __rrshift__(self, step: Any) -> Pipeline[Any, Any]:
        return Pipeline([step, self])

    def parallel(self, *branches: Any, join: Any = None, quorum: int | None = None, name: str | None = None) -> Self:
        """With branches that get the same input; their outputs go on as a list, or as what `join` makes of it.

        `quorum`: so many successes are enough, the other branches are cancelled and left out.
        """
        if not branches or not (quorum is None or 1 <= quorum <= len(branches)):
            raise Misuse(f"{len(branches)} branches and a quorum of {quorum} do not fit")
        named: dict[str, Chain] = {}
        for branch in branches:
            label, chain = as_chain(branch, defaults=self._defaults)
            label, nth = escaped(label), 1
            while (unique := label if nth == 1 else f"{label}#{nth}") in named:
                nth += 1
            named[unique] = chain
        return self._add(
            Parallel(name="parallel", branches=tuple(named.items()), join=as_join(join), quorum=quorum), name
        )

    def each(self, over: Callable[[Any], Any], do: Any, *, limit: int = 10, name: str | None = None) -> Self:
        """With the same steps for every item of `over(input)`, `limit` at a time; the outputs go on as a list.

        Items are known by a mapping's keys, their `key` or `id`, or themselves; only items that have none by position.
        """
        if limit < 1:
            raise Misuse("a limit is at least 1")
        return self._add(Each(name="each", over=over, body=self._chain_of(do), limit=limit), name)

    def when(self, test: Callable[[Any], Any], then: Any, otherwise: Any = None, *, name: str | None = None) -> Self:
        """With one of two ways; without `otherwise` the input goes on as it is."""
        other = None if otherwise is None else self._chain_of(otherwise)
        return self._add(When(name="when", test=test, then=self._chain_of(then), otherwise=other), name)

    def loop(
        self, body: Any, *, until: Callable[[Any], Any], max_rounds: int | None = None, name: str | None = None
    ) -> Self:
        """With steps that run again on their own output until `until(output)`.

        A run whose `max_rounds` are over without it ends as an error: an unfinished draft never goes on silently.
        """
        if max_rounds is not None and max_rounds < 1:
            raise Misuse("max_rounds is at least 1")
        return self._add(Loop(name="loop", body=self._chain_of(body), until=until, max_rounds=max_rounds), name)

    def review(  # noqa: PLR0913  # Review's fields
        self,
        *,
        when: Callable[[Result[Any]], bool | str | None] | None = None,
        title: str | Callable[[Any], str] | None = None,
        by: str | Sequence[str] = "reviewers",
        quorum: int = 1,
        expires: timedelta | None = timedelta(days=3),
        escalate: Sequence[tuple[timedelta, str]] = (),
        on_expire: Literal["escalate", "reject", "hold"] = "hold",
        on_reject: Any = "stop",
        may_edit: bool = True,
        notify: Sequence[Channel] = ("email", "slack"),
        safe: Sequence[str] = (),
        name: str | None = None,
    ) -> Self:
        """With a pause until people approve what the step before it made: always, or when `when(result)` is true.

        A `when` that answers with a text says why people are asked; one that raises asks them, too. title: what the
        request is called, or a function of the value that says so. on_reject: "stop", "compensate", or a step that
        gets the value instead.
        """
        policy = Review(
            when=when,
            title=title,
            by=by,
            quorum=quorum,
            expires=expires,
            escalate=escalate,
            on_expire=on_expire,
            on_reject=on_reject,
            may_edit=may_edit,
            notify=notify,
            safe=safe,
        )
        rejected = None if on_reject in ("stop", "compensate") else self._chain_of(on_reject)
        last = self.chain[len(self.chain) - 1] if len(self.chain) else None
        before = last.agent if isinstance(last, Step) else None
        return self._add(ReviewGate(name="review", review=policy, rejected=rejected, before=before), name)

    def sleep(self, wait: timedelta, *, name: str | None = None) -> Self:
        """With a stored wait: it holds no slot and no memory, and outlives the process."""
        return self._add(Timer(name="sleep", seconds=wait.total_seconds()), name)

    def wait_for(self, signal: str, *, timeout: timedelta | None = None, name: str | None = None) -> Self:
        """With a wait for RunHandle.signal(signal, value); its value goes on. AgentTimeout when none comes in time."""
        seconds = None if timeout is None else timeout.total_seconds()
        return self._add(SignalWait(name=signal, signal=signal, timeout=seconds), name)

    # ---- what it is

    @property
    def named(self) -> bool:
        """Whether it was given a name."""
        return self._given_name is not None

    @cached_property
    def name(self) -> str:
        """Its name, else one made of its steps'."""
        if self._given_name is not None:
            return self._given_name
        ends = [self.chain.name(at) for at in range(min(len(self.chain), 3))]
        return "-".join(ends) + (f"-and-{len(self.chain) - 3}-more" if len(self.chain) > 3 else "")

    @cached_property
    def definition(self) -> Mapping[str, Any]:
        """What it is, as JSON: {"name", "hash", "steps", "input_schema", "policies"}."""
        return definition_of(self)

    @cached_property
    def definition_hash(self) -> str:
        """sha256 of the definition."""
        return cast(str, self.definition["hash"])

    @cached_property
    def compensates(self) -> bool:
        """Whether a step of it can be undone."""
        return any(agent.resolve().compensate is not None for agent in set(self.agents()))

    def agents(self) -> list[Any]:
        """Every agent in it, sub-pipelines included."""
        return agents_of(self.chain)

    def __len__(self) -> int:
        return len(self.chain)

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r}, {len(self.chain)} steps)"

    # ---- running

    async def run(
        self,
        x: In,
        /,
        *,
        idempotency_key: str | None = None,
        context: SessionContext | None = None,
        priority: int = 0,
    ) -> Result[Out]:
        """Run it to its end or to its first pause (status "paused"); never raises for an agent's failure.

        The same key and input find the same run: going on, finished (`replayed`), or failed and resumed from where it
        stopped. With another input IdempotencyConflict.
        """
        handle = await self.start(x, idempotency_key=idempotency_key, context=context, priority=priority)
        return await handle.outcome()

    def run_sync(self, x: In, /, **options: Any) -> Result[Out]:
        """`run` for code without an event loop."""
        import asyncio

        return asyncio.run(self.run(x, **options))

    async def start(
        self,
        x: In,
        /,
        *,
        idempotency_key: str | None = None,
        context: SessionContext | None = None,
        priority: int = 0,
        by: str = "",
        here: bool = True,
    ) -> RunHandle[Out]:
        """Begin a run, or find the one of this key. `here=False` leaves its steps to workers."""
        from ecoa.engine.starting import start

        return await start(
            self, x, idempotency_key=idempotency_key, context=context, priority=priority, by=by, here=here
        )

    @classmethod
    async def resume(cls, run_id: str) -> RunHandle[Any]:
        """The handle of a run; one that failed goes on from where it stopped."""
        from ecoa.engine.starting import resume

        return await resume(run_id)

    async def replay(self, run_id: str) -> Result[Out]:
        """The stored result of a run; nothing is done again."""
        from ecoa.engine.starting import replay

        return cast("Result[Out]", await replay(run_id))

    # ---- private

    def _chain_of(self, step: Any) -> Chain:
        return as_chain(step, defaults=self._defaults)[1]

    def _add(self, node: Node, name: str | None) -> Self:
        return self._with(self.chain.add(node, escaped(name or node.name), explicit=name is not None))

    def _with(self, chain: Chain) -> Self:
        longer = object.__new__(type(self))
        longer._given_name = self._given_name
        longer._defaults = self._defaults
        longer.timeout = self.timeout
        longer.on_change = self.on_change
        longer.chain = chain
        longer._register()
        return longer

    def _register(self) -> None:
        if self._given_name is not None:
            registry.add(self, self._given_name)

    def ready(self) -> Self:
        """Known by its definition, too: before its first run. Misuse when it has no steps."""
        filled(self.chain, f"pipeline {self.name!r}")
        if registry.find(self.name, self.definition_hash) is not self:
            registry.add_definition(self)
        if not self.named:
            registry.add(self, self.name)
        return self

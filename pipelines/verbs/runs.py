"""Runs: start, cancel, retry, release, signal. What changes a run's course is in the audit log, too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ecoa.codec import dumps
from ecoa.edits import problems_of
from ecoa.engine.forking import forked
from ecoa.engine.ids import uuid7
from ecoa.engine.plan import enter
from ecoa.engine.starting import fingerprint
from ecoa.engine.telling import cancel_told, tell_start
from ecoa.errors import NotFound, ReviewExpired
from ecoa.store.base import NewRun
from ecoa.trace import new_trace_id
from ecoa_web.accounts import audit
from pipelines.queries.reviews import reviews_of_run
from pipelines.queries.run import run_of
from pipelines.verbs.definitions import known
from pipelines.verbs.engine import ask
from pipelines.verbs.errors import InputInvalid, Unstartable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django.http import HttpRequest

    from ecoa.engine.forking import Answer
    from ecoa.store.base import Started
    from ecoa.store.postgres import PostgresStore
    from ecoa_web.accounts.models import Project
    from pipelines.queries.runs import RunRow
    from pipelines.verbs.definitions import Known

type Json = Any  # a decoded JSON value
SAME: Any = object()
type Word = Literal["done", "again"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who does it, and by which request."""

    name: str
    request: HttpRequest | None = None


def start_run(
    project: Project, pipeline: str, value: Json, *, by: Caller, key: str | None = None, priority: int = 0
) -> tuple[str, bool]:
    """The id of a new run, or of the one that this key began; and whether it is new.

    Raises Unstartable, InputInvalid, or IdempotencyConflict when the key began a run with another input.
    """
    found = known(project, pipeline)
    if found is None:
        raise Unstartable(f"Nobody knows a pipeline {pipeline!r}: its code is not loaded here, and it never ran.")
    text = dumps(value)
    schema = found.definition.get("input_schema")
    if schema is not None and (problems := problems_of(schema, text)):
        raise InputInvalid("The input does not fit the pipeline's schema.", problems=problems)
    new = _new_run(found, text, by=by.name, key=key, priority=priority)
    started = ask(project, lambda store: _start(store, found, new))
    return started.run.id, started.created


def cancel_run(project: Project, run_id: UUID, *, reason: str, by: Caller) -> None:
    """Nothing more of it begins; what is under way ends first. A run that is over stays as it is."""
    _require(project, run_id)
    ask(project, lambda store: cancel_told(store, str(run_id), reason=reason, by=by.name))
    _audit("cancelled the run", project, run_id, by, reason=reason)


def retry_run(project: Project, run_id: UUID, *, by: Caller, path: str | None = None) -> None:
    """Failed steps, or this one, go again; what is done stays done."""
    _require(project, run_id)
    ask(project, lambda store: store.retry(str(run_id), path=path, by=by.name))
    _audit("retried the run", project, run_id, by, path=path)


def fork_run(
    project: Project,
    run_id: UUID,
    path: str,
    *,
    effects: Mapping[str, Answer],
    by: Caller,
    value: Json = SAME,
) -> str:
    """The id of a new run that begins at this step, under the definition of now; what was before it is taken over."""
    row = _require(project, run_id)
    found = known(project, row.pipeline)
    assert found is not None, "it ran"
    text = None if value is SAME else dumps(value)

    async def fork(store: PostgresStore) -> Started:
        old = await store.run(str(run_id))
        new, _ = await forked(store, old, found, path, effects=effects, text=text, by=by.name, first="ready")
        return await _start(store, found, new)

    started = ask(project, fork)
    _audit("forked the run", project, run_id, by, path=path, new=started.run.id, effects=dict(effects))
    return started.run.id


def release_node(project: Project, run_id: UUID, path: str, *, word: Word, by: Caller, output: Json = None) -> None:
    """A held step, or one whose effect is in doubt, goes on: it is done, with this output, or is to be done again.

    A step that is held because nobody decided its review in time can only be done again: then people are asked anew.
    """
    _require(project, run_id)
    if word == "done" and _expired(project, run_id, path):
        raise ReviewExpired("Nobody decided its review in time: do it again, so that people are asked anew.")
    told = json.dumps({"decision": word, "by": by.name, "comment": ""})
    decision = f'{told[:-1]}, "output": {dumps(output)}}}'
    ask(project, lambda store: store.release(str(run_id), path, decision=decision, by=by.name))
    _audit("said how a step goes on", project, run_id, by, path=path, word=word)


def signal_run(project: Project, run_id: UUID, name: str, value: Json, *, key: str) -> bool:
    """Give a run a signal, once for each key; false when that key was there."""
    _require(project, run_id)
    return ask(project, lambda store: store.signal(str(run_id), name, dumps(value), key=key))


def _require(project: Project, run_id: UUID) -> RunRow:
    found = run_of(project.pk, run_id)
    if found is None:
        raise NotFound("There is no such run.")
    return found.row


def _expired(project: Project, run_id: UUID, path: str) -> bool:
    asked = [row for row in reviews_of_run(project.pk, run_id) if row.path == path]
    return bool(asked) and asked[-1].status == "expired"


async def _start(store: PostgresStore, found: Known, new: NewRun) -> Started:
    await store.define(found.name, found.definition_hash, found.definition)
    started = await store.start(new, worker=None)
    if started.created:
        tell_start(started.run)
    return started


def _new_run(found: Known, text: str, *, by: str, key: str | None, priority: int) -> NewRun:
    return NewRun(
        id=uuid7(),
        pipeline=found.name,
        definition_hash=found.definition_hash,
        input=text,
        trace_id=new_trace_id(),
        first=enter(found.chain, 0, "", text, "ready"),
        idempotency_key=key,
        fingerprint=None if key is None else fingerprint(found.name, text),
        priority=priority,
        timeout=found.timeout,
        compensates=found.compensates,
        by=by,
    )


def _audit(action: str, project: Project, run_id: UUID, by: Caller, **detail: Any) -> None:  # what JSON can hold
    audit.record(action, request=by.request, actor_label=by.name, project=project, subject=run_id, **detail)

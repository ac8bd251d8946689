"""Statuses and events in words, with their shapes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A status as it is shown: the shape and colour of `state`, and a word."""

    state: str  # ok, error, warn, waiting, running, none
    word: str


RUN = {
    "queued": Word(state="none", word="Queued"),
    "running": Word(state="running", word="Running"),
    "paused": Word(state="waiting", word="Paused"),
    "held": Word(state="warn", word="Held"),
    "compensating": Word(state="running", word="Undoing"),
    "success": Word(state="ok", word="Success"),
    "error": Word(state="error", word="Error"),
    "rejected": Word(state="error", word="Rejected"),
    "cancelled": Word(state="none", word="Cancelled"),
}
NODE = {
    "ready": Word(state="none", word="Ready"),
    "leased": Word(state="running", word="Running"),
    "waiting": Word(state="waiting", word="Waiting"),
    "paused": Word(state="waiting", word="Paused"),
    "open": Word(state="running", word="Open"),
    "done": Word(state="ok", word="Done"),
    "error": Word(state="error", word="Error"),
    "unknown": Word(state="warn", word="In doubt"),
    "held": Word(state="warn", word="Held"),
    "cancelled": Word(state="none", word="Cancelled"),
}
REVIEW = {
    "pending": Word(state="waiting", word="Waiting"),
    "approved": Word(state="ok", word="Approved"),
    "edited": Word(state="warn", word="Edited"),
    "rejected": Word(state="error", word="Rejected"),
    "expired": Word(state="none", word="Expired"),
    "cancelled": Word(state="none", word="Cancelled"),
}
BREAKER = {
    "closed": Word(state="ok", word="Closed"),
    "open": Word(state="error", word="Open"),
    "half_open": Word(state="warn", word="Half open"),
}
EFFECT = {
    "intended": Word(state="warn", word="Intended"),
    "done": Word(state="ok", word="Done"),
    "unknown": Word(state="warn", word="In doubt"),
    "failed": Word(state="error", word="Failed"),
}
KINDS = {"run": RUN, "node": NODE, "review": REVIEW, "breaker": BREAKER, "effect": EFFECT}


def word(kind: str, status: str) -> Word:
    """A status of a run, node, review, breaker or effect; one that we do not know is shown as it is."""
    return KINDS[kind].get(status) or Word(state="none", word=status.replace("_", " ").capitalize())

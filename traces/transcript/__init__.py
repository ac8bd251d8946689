"""A trace as a conversation: who said what in order, each message once, tools with their results, sub-agents inside.

`transcript` makes the entries from a trace's spans and what each said; `entries` says what they are, `thread` how one
agent's are told apart from what its calls send again. Pure.
"""

from __future__ import annotations

from traces.transcript.assemble import transcript
from traces.transcript.entries import Agent, Earlier, Entry, Failure, Said, Speech, Tool

__all__ = ["Agent", "Earlier", "Entry", "Failure", "Said", "Speech", "Tool", "transcript"]

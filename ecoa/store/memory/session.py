"""What is remembered of users for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecoa.store.base import SessionWrites
from ecoa.store.memory.state import Run, State


@dataclass(slots=True, eq=False)
class Value:
    """One value of a session."""

    text: str
    version: int
    ttl: float
    expires: float


class Sessions(State):
    """Sessions by owner and key."""

    def __init__(self, **options: Any) -> None:  # Any: State's
        super().__init__(**options)
        self._sessions: dict[str, dict[str, Value]] = {}
        self._versions = 0  # grows over all sessions, so that a key made anew never has an old version
        self._written = 0

    async def read_session(self, owner: str) -> Mapping[str, tuple[str, int]]:
        """Unexpired values and their versions; extends their life."""
        with self.lock:
            self._touch(owner)
            return {key: (value.text, value.version) for key, value in self._sessions.get(owner, {}).items()}

    async def write_session(self, writes: SessionWrites) -> Mapping[str, int]:
        """New versions; keys whose `expect` failed are left out and not written."""
        with self.lock:
            found = self.versions(writes.owner)
            lost = {key for key, version in writes.expect.items() if found.get(key, 0) != version}
            kept = {key: text for key, text in writes.values.items() if key not in lost}
            self.merge(SessionWrites(owner=writes.owner, values=kept, ttl=writes.ttl))
            now = self.versions(writes.owner)
            return {key: now.get(key, 0) for key in kept}

    def versions(self, owner: str) -> dict[str, int]:
        """Of unexpired values."""
        self._expire(owner)
        return {key: value.version for key, value in self._sessions.get(owner, {}).items()}

    def merge(self, writes: SessionWrites) -> None:
        """Write values key by key."""
        self._expire(writes.owner)
        values = self._sessions.setdefault(writes.owner, {})
        expires = self.now() + writes.ttl
        for key, text in writes.values.items():
            if text is None:
                values.pop(key, None)
                continue
            self._versions += 1
            values[key] = Value(text, self._versions, writes.ttl, expires)
        self._touch(writes.owner)
        self._written += 1
        if self._written % 1000 == 0:
            for owner in list(self._sessions):
                self._expire(owner)

    def count_session(self, run: Run, by: int) -> None:
        """A session lasts as long as a run of it, and then as long as it would have."""
        owner = run.new.session
        if owner is None:
            return
        if by > 0:
            self._expire(owner)
        self.session_runs[owner] += by
        if self.session_runs[owner] <= 0:
            del self.session_runs[owner]
            self._extend(owner)

    def _touch(self, owner: str) -> None:
        self._expire(owner)
        self._extend(owner)

    def _extend(self, owner: str) -> None:
        now = self.now()
        for value in self._sessions.get(owner, {}).values():
            value.expires = now + value.ttl

    def _expire(self, owner: str) -> None:
        values = self._sessions.get(owner)
        if values is None or owner in self.session_runs:
            return
        now = self.now()
        for key in [key for key, value in values.items() if value.expires <= now]:
            del values[key]
        if not values:
            del self._sessions[owner]

"""Tests of agents and pipelines without waiting, without a network and without luck."""

from __future__ import annotations

from ecoa.testing.clock import Clock, virtual_time

__all__ = ["Clock", "virtual_time"]

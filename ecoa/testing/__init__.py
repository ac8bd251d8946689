"""Tests of agents and pipelines without waiting, without a network and without luck."""

from __future__ import annotations

from ecoa.testing.adversarial import Case, adversarial
from ecoa.testing.clock import Clock, virtual_time
from ecoa.testing.harness import PipelineHarness
from ecoa.testing.isolate import isolate
from ecoa.testing.model import FakeModel
from ecoa.testing.remote import Remote
from ecoa.testing.trial import Happened, Trial, Try

__all__ = [
    "Case",
    "Clock",
    "FakeModel",
    "Happened",
    "PipelineHarness",
    "Remote",
    "Trial",
    "Try",
    "adversarial",
    "isolate",
    "virtual_time",
]

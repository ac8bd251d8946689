"""How agents are called: attempts, timeouts, effects, threads."""

from ecoa.calling.attempts import call

__all__ = ["call"]

"""Pipelines and the policies of their agents: what most programs import.

flow = Pipeline("tickets", triage, refund, retry_policy=RetryPolicy(), breaker=CircuitBreaker())
result = await flow.run("T-17", idempotency_key="T-17")
"""

from ecoa.engine.handle import RunHandle
from ecoa.graph.pipeline import Pipeline
from ecoa.resilience import Bulkhead, CircuitBreaker, RateLimiter, RetryBudget, RetryPolicy

__all__ = ["Bulkhead", "CircuitBreaker", "Pipeline", "RateLimiter", "RetryBudget", "RetryPolicy", "RunHandle"]

"""What keeps one agent's trouble from becoming everybody's: retries, breakers, limits."""

from ecoa.resilience.breaker import BreakerChange, CircuitBreaker
from ecoa.resilience.budget import RetryBudget
from ecoa.resilience.bulkhead import Bulkhead
from ecoa.resilience.limiter import RateLimiter, Reservation
from ecoa.resilience.retry import RetryPolicy

__all__ = ["BreakerChange", "Bulkhead", "CircuitBreaker", "RateLimiter", "Reservation", "RetryBudget", "RetryPolicy"]

"""The same day twice: a naive chain of agents and ecoa's engine, under the same faults, in virtual time."""

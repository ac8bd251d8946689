"""Agents that survive: retries, breakers, timeouts, pipelines and reviews. No Django."""

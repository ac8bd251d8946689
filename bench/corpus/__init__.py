"""Deterministic OTLP payloads that look like the traffic of LLM-agent pipelines, with their exact figures."""

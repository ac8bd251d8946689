"""Pipelines as data: nodes, names, definitions, the registry."""

from ecoa.graph.pipeline import Pipeline

__all__ = ["Pipeline"]

"""Runs of pipelines in the server: their pages, API, reviews, breakers, and the worker's side of the engine."""

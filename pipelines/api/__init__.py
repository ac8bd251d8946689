"""The HTTP API of runs, reviews and breakers, for machines: who asks, one query or verb, its answer as JSON."""

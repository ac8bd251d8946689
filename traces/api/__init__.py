"""The HTTP API of traces and figures, for machines: what is asked, one query, its answer as JSON."""

"""Settings: ingest. What arrived and what became of it, what could not be stored, how spans are read."""

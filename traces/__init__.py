"""Ingest, normalising, analysis and the pages of traces."""

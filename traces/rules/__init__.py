"""Rules of a project's own: further sources of fields, before or after those of traces.dialects."""

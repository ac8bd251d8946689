"""Connections, named SQL, partitions, the embedded PostgreSQL."""

"""Reads. SQL longer than a screenful stands in a .sql file beside its module."""

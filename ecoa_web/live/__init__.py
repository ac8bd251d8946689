"""Hints from the database to open pages."""

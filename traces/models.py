"""Django's view of the tables that 0001_schema.sql makes. Hot paths use SQL; see store/ and queries/."""

from __future__ import annotations

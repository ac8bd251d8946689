"""The dialects that spans are written in, one file each, in the order in which they are believed."""

from __future__ import annotations

from traces.dialects.ecoa import ECOA
from traces.dialects.engine import Tables
from traces.dialects.otel_genai import OTEL_GENAI
from traces.dialects.plain import PLAIN

DIALECTS = (ECOA, OTEL_GENAI, PLAIN)
TABLES = Tables(DIALECTS)

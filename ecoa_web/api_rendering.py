"""JSON by orjson: several times as fast as the standard library's, which a trace of 5,000 spans notices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class OrjsonRenderer(JSONRenderer):
    """Renders what serializers give; text that JSON has no type for goes through str()."""

    def render(
        self,
        data: Any,  # whatever the view answers
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
        except TypeError:  # half a surrogate pair, which a message may repeat from a request: only escapes tell it
            return JSONEncoder().encode(data).encode("ascii")

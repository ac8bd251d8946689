"""The secret key: made on the first run, kept in the data folder with mode 0600, never in the database."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from ecoa_web.errors import OperatorError


def secret_key(data_dir: Path) -> str:
    """Read the key, making it first when there is none; two processes that start at once agree on one."""
    try:
        return _read_or_make(data_dir)
    except OSError as cause:
        raise OperatorError(
            f"The data folder {data_dir} cannot be written ({cause.strerror}): "
            "mend its permissions or set ECOA_DATA_DIR to another."
        ) from cause


def _read_or_make(data_dir: Path) -> str:
    path = data_dir / "secret_key"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"secret_key.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64))
    try:
        os.link(draft, path)  # fails where another process was first
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="ascii").strip()

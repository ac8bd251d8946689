"""What must hold before anything starts; each failure is one sentence."""

from __future__ import annotations

import errno
import ipaddress
import os
import shutil
import socket
import tempfile
from pathlib import Path

from ecoa_web.config import Config
from ecoa_web.errors import OperatorError

MB = 1024 * 1024
MIN_FREE = 256 * MB


def check_bind(config: Config) -> None:
    """Only loopback, unless the public address is known: links, cookies and host checks follow from it."""
    if not _is_loopback(config.bind) and not config.base_url_is_set:
        raise OperatorError(
            f"ECOA_BIND={config.bind} opens ECOA to the network: set ECOA_BASE_URL to the address people will use, too."
        )


def check_data_dir(data_dir: Path) -> None:
    """The data folder can be made and written, and has room."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir) as probe:
            probe.write(b"x" * 4096)
    except OSError as cause:
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OperatorError(f"No space is left on the disk of {data_dir}.") from cause
        user = "this user" if os.geteuid() else "root"
        raise OperatorError(
            f"The data folder {data_dir} cannot be written by {user} ({cause.strerror}): "
            "mend its permissions or set ECOA_DATA_DIR to another."
        ) from cause
    if (free := shutil.disk_usage(data_dir).free) < MIN_FREE:
        raise OperatorError(
            f"Only {free // MB} MB are free on the disk of {data_dir}, and ECOA needs {MIN_FREE // MB} MB to start: "
            "make room or set ECOA_DATA_DIR to another disk."
        )


def check_ports(config: Config) -> None:
    """Every port can be listened on."""
    for variable, port in ports(config).items():
        _check_port(config.bind, port, variable)


def ports(config: Config) -> dict[str, int]:
    """The ports of an `up`, by their variable."""
    return {
        "ECOA_PORT": config.port,
        "ECOA_OTLP_HTTP_PORT": config.otlp_http_port,
        "ECOA_OTLP_GRPC_PORT": config.otlp_grpc_port,
    }


def _is_loopback(bind: str) -> bool:
    try:
        return ipaddress.ip_address(bind.strip("[]")).is_loopback
    except ValueError:
        return bind == "localhost"


def _check_port(bind: str, port: int, variable: str) -> None:
    try:
        with socket.socket(socket.AF_INET6 if ":" in bind else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((bind.strip("[]"), port))
    except OverflowError:
        raise OperatorError(f"{variable}={port} is not a port: it must be between 1 and 65535.") from None
    except OSError as cause:
        if cause.errno == errno.EADDRINUSE:
            sentence = f"Port {port} on {bind} is taken by another program: stop it or set {variable} to another port."
        else:
            sentence = f"Port {port} on {bind} cannot be used ({cause.strerror}): set {variable} or ECOA_BIND."
        raise OperatorError(sentence) from cause

"""The server's configuration, sized to the machine. ALTER SYSTEM and <cluster>/local.conf win over it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MB = 1024 * 1024

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Durability is the product's promise.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Ingest writes in bursts: few, spread checkpoints; whole pages compressed.
    "wal_compression": "pglz",
    "wal_buffers": "16MB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    # Queue tables live by vacuum: look often, do not dawdle.
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_cost_limit": "2000",
    "autovacuum_vacuum_scale_factor": "0.1",
    "autovacuum_analyze_scale_factor": "0.05",
    # Short queries over hot pages.
    "jit": "off",
    "random_page_cost": "1.1",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_locks_per_transaction": "256",  # a month of daily partitions, several tables, their indexes
    # A week of log files, one a weekday, each overwritten when its day comes again.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",  # statements carry people's prompts
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}

# Nothing is lost when a test's server loses power.
UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}

# Sessions of the application; maintenance sets its own.
ROLE_SETTINGS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}


def configuration(*, run: Path, cluster: Path, durable: bool) -> str:
    """The text of ecoa.conf."""
    settings = dict(SETTINGS)
    settings["unix_socket_directories"] = '"' + str(run).replace('"', '""') + '"'
    memory = machine_memory()
    settings["shared_buffers"] = f"{_clamp(memory // 16, 64 * MB, 512 * MB) // MB}MB"
    settings["effective_cache_size"] = f"{memory // 2 // MB}MB"
    settings["max_wal_size"] = f"{_clamp(shutil.disk_usage(cluster).free // 10, 256 * MB, 4096 * MB) // MB}MB"
    if not durable:
        settings |= UNSAFE
    return "".join(f"{name} = '{value.replace("'", "''")}'\n" for name, value in settings.items())


def machine_memory() -> int:
    """Bytes of memory we may use: the machine's, or the container's limit."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdigit() else physical


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))

"""PostgreSQL 18 from the wheel's binaries, supervised by us: one server for one data folder, on a Unix socket only."""

from ecoa_web.db.embedded.server import Server, embedded

__all__ = ["Server", "embedded"]

"""A worker that prices a chunk again, says so, and never commits."""

import sys
import time

import psycopg

from traces.prices.reprice import Repricing

if __name__ == "__main__":
    with psycopg.connect(sys.argv[1], autocommit=True) as conn, conn.transaction():
        Repricing(conn).step()
        sys.stdout.write("written\n")
        sys.stdout.flush()
        time.sleep(600)

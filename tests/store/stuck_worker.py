"""A worker that stores a group, says so, and never commits."""

import sys
import time

import psycopg

from traces.prices.book import PriceBook
from traces.rollups.keys import Keys
from traces.store.claim import claim, done
from traces.store.write import write

if __name__ == "__main__":
    with psycopg.connect(sys.argv[1], autocommit=True) as conn, conn.transaction():
        batches = claim(conn)
        write(conn, batches, keys=Keys(), prices=PriceBook())
        done(conn, batches)
        sys.stdout.write("written\n")
        sys.stdout.flush()
        time.sleep(600)

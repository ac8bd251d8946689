"""What HTTP and gRPC share: from a key and a body to a committed batch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from ecoa_web.accounts.key_cache import KeyInfo
from ecoa_web.config import Config
from ecoa_web.db.dsn import conninfo
from traces.inbox.batch import Batch, Signal
from traces.inbox.commit import Committer, StoreUnavailable
from traces.receiver.answers import Accepted
from traces.receiver.auth import Keys
from traces.receiver.budget import Budget, Share
from traces.receiver.check import Arrived, checked_batch
from traces.receiver.limits import MIB, ReceiverLimits, receiver_limits
from traces.receiver.memory import give_back
from traces.receiver.pressure import Pressure
from traces.receiver.refusal import unavailable

SMALL = 16 * 1024  # is checked on the event loop: a thread would cost more
LARGE = 4 * MIB  # one at a time, because checking and compressing needs room beside the body
CHECKERS = 3  # threads: two for the usual, one for a large one


class Intake:
    """Takes requests in; belongs to one event loop."""

    def __init__(self, config: Config, *, limits: ReceiverLimits | None = None) -> None:
        self.limits = limits or receiver_limits(config)
        self.budget = Budget(self.limits.in_flight_bytes)
        self._keys = Keys(conninfo(config))
        self._committer = Committer(conninfo(config))
        disk = config.data_dir if config.database_url is None else None
        self._pressure = Pressure(self._committer, self.limits, disk)
        self._threads = ThreadPoolExecutor(CHECKERS, thread_name_prefix="check")
        self._large = asyncio.Semaphore(1)

    async def admit(self, headers: Mapping[bytes, bytes]) -> KeyInfo:
        """Who sends, decided by the headers alone; raises a refusal before a byte of the body is read."""
        key = await self._keys.grant(headers)
        self._pressure.admit()
        return key

    async def take(self, arrived: Arrived, key: KeyInfo, share: Share) -> Accepted:
        """Check a body and commit it. Returns once it is safe to forget it on the sender's side."""
        batch = await self._checked(arrived, key, share)
        share.keep(len(batch.body))
        if arrived.signal is not Signal.METRICS and (batch.spans or batch.rejected):
            await self._commit(batch)
        return Accepted(arrived.signal, batch.rejected)

    async def close(self) -> None:
        """Commit what was submitted, then let threads and connections go."""
        await asyncio.to_thread(self._committer.close)
        self._threads.shutdown(wait=False)
        await self._keys.close()

    async def _checked(self, arrived: Arrived, key: KeyInfo, share: Share) -> Batch:
        if len(arrived.body) <= SMALL and not arrived.content_encoding:
            return self._check(arrived, key, share)
        loop = asyncio.get_running_loop()
        if len(arrived.body) <= LARGE:
            return await loop.run_in_executor(self._threads, self._check, arrived, key, share)
        async with self._large:
            try:
                return await loop.run_in_executor(self._threads, self._check, arrived, key, share)
            finally:
                await loop.run_in_executor(self._threads, give_back)

    def _check(self, arrived: Arrived, key: KeyInfo, share: Share) -> Batch:
        return checked_batch(arrived, key, recent=self._committer.recent, limit=self.limits.body_bytes, share=share)

    async def _commit(self, batch: Batch) -> None:
        try:
            async with asyncio.timeout(self.limits.commit_s):
                await self._committer.submit(batch)
        except StoreUnavailable as error:
            raise unavailable(str(error)) from error
        except TimeoutError:
            # It may be stored all the same; then the digest recognises it when it is sent again.
            raise unavailable("the database takes too long") from None

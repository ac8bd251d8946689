"""A message that workers handle: in the store at once, in nobody's hands here."""

from __future__ import annotations

from ecoa.context import SessionContext
from ecoa.errors import StoreUnavailable
from ecoa_web.demo.pipelines import Case, customer_message


async def send(case: Case) -> None:
    """Start its run, unless the database is away: customers write again."""
    session = SessionContext(case.customer, session=case.conversation)
    try:
        await customer_message.start(case, context=session, by=case.customer, here=False)
    except StoreUnavailable:
        return

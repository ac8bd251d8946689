"""Telling people that they are asked: mail and chat, from an outbox that is written with the review.

A crash can neither lose nor invent a message: its row is committed with the review, claimed by a conditional update,
sent, and then marked. A crash between sending and marking sends it again, at most once an attempt.
"""

from __future__ import annotations

from pipelines.notify.outbox import send_due

__all__ = ["send_due"]

"""Sums by minute, hour and day: appended by workers as signed deltas, folded by a job, added up by readers."""

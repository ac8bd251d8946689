"""Real processes under faults: kill -9, SIGSTOP, PostgreSQL restarts, lost answers, and what the ledgers say after."""

"""How agents are called: attempts, timeouts, effects, threads."""

"""Log records that carry prompts, completions, tokens or cost: which those are, what they say, and whose they are.

Pure: imports neither Django nor psycopg.
"""

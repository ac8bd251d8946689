"""What the pages and the API read about runs: SQL beside each module, read through Django's connection."""

"""From claimed batches to rows: spans, trace summaries, rollup deltas, ledger, dead letters, in one transaction."""

"""Text search: what a reader sees of spans, by words and phrases. traces.queries.search asks; the worker indexes.

inbox batch ─▶ texts ─▶ words ─┬▶ signature of many batches (traces_search_segment), behind the ingest path
                               └▶ the phrase in a candidate batch: the only judge, index or not
"""

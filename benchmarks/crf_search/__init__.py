"""The CRF search against ab-av1 and against the truth. `python -m benchmarks.crf_search` runs it; see `__main__`."""

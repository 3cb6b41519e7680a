"""Is the result the same film? Every stream, frame, timestamp and colour is compared before anything is swapped."""

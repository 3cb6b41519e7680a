"""Takes one video from a state to the next: claim it, do the work, record the result or the failure."""

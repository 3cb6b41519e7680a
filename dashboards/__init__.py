"""The dashboard: what the library's read side tells, in a browser on this machine. It only reads."""

"""Putting a proven result in its original's place, under a journal; the trash; undo; recovery.

The only room that touches films. It knows neither the database nor what a film is: orders come in as values, the
journal is a port.
"""

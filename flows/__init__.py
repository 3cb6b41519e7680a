"""Prefect flows, one a file: each composes tasks. Flows start one another by deployment, never by import."""

"""Prefect tasks: each wraps one function of the package and adds a name, retries and a progress artifact."""

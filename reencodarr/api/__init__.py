"""What the server says over HTTP: the worker API, and the filter through which workers reach little of Prefect's."""

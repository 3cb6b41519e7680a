"""The pages, one module each; the app runs them as scripts.

The folder must not be named `pages`: Streamlit (1.67) would run the first page of a process by itself, past the app
and its handling of errors.
"""

"""The Python client library of a venue."""

"""`python -m tests.tools.long_fuzz`: `schemathesis fuzz` with hooks, on both databases."""

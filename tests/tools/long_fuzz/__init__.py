"""`python -m tests.tools.long_fuzz`: schemathesis' own `fuzz`, with hooks, on both databases."""

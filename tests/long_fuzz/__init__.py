"""`python -m tests.long_fuzz`: schemathesis' own `fuzz`, with hooks of ours, on both databases."""

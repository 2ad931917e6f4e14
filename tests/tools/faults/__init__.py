"""`python -m tests.tools.faults`: kill the service, fail over its database, and run it for long."""

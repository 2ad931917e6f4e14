"""`python -m tests.tools.faults`: the service while it is killed, failed over, and run for long."""

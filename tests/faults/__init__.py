"""`python -m tests.faults`: the service while it is killed, failed over, and run for long."""

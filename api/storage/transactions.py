"""How a transaction begins on PostgreSQL."""

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""The only statement by which a transaction of several statements begins."""

BEGIN_SHARED = f"{BEGIN}; SET LOCAL lock_timeout = '50ms'"
"""The same for a transaction of several requests, which must not wait long for a lock of another.

The timeout is shorter than PostgreSQL's `deadlock_timeout`, so such transactions can't deadlock.
"""

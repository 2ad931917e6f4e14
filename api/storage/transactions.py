"""How a transaction begins on PostgreSQL."""

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""The only statement by which a transaction of several statements begins."""

BEGIN_SHARED = f"{BEGIN}; SET LOCAL lock_timeout = '50ms'"
"""Begins a transaction of several requests, which must not wait long for another one's lock."""

"""How a transaction begins on PostgreSQL."""

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""The only statement by which a transaction of several statements begins."""

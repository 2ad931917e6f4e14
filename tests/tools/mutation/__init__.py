"""Mutation testing: the tests must notice each single change of `api/`."""

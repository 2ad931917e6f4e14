"""The service's own mutants: `api/` with one change, which the tests must notice."""

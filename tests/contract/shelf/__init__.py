"""A shelf of books: a second app that uses `api.contract`, and nothing else of the service."""

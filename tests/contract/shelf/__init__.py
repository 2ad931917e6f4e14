"""A shelf of books: a second app under the machine of `api`, which shares nothing else with it."""

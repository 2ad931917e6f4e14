"""The same job as `POST /userDetails`, done with other frameworks, for comparison.

Each app validates the same form, stores the record in SQLite, which syncs it to disk before the
response, and returns 201 with the record's id and link. It is written as the framework's own
documentation suggests, and checks no response against its document.
"""

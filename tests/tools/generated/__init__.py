"""Clients that generators make of openapi.yaml: they compile, and one story works with each."""

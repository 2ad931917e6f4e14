"""Clients generated from openapi.yaml: each one compiles, and runs the same story."""

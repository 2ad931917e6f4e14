"""Proof of an OpenAPI document by recorded exchanges, for any service.

`recording` records each exchange, and `rules` compares it with the document. `coverage` lists what
the document promises, and what of that was recorded. `mutants` mutates each line of the document,
and `exactness` looks for a recorded exchange that violates each mutant. `proof` joins them. Bodies
are decoded by the decoders of the contract, which have tests of their own.
"""

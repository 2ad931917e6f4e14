"""What proves an OpenAPI document by the traffic that was seen. It knows no service.

`recording` keeps each exchange, `rules` holds it against the document, `coverage` says what the
document promises and what of it was seen, `mutants` makes the document one notch different, and
`exactness` wants each of those refuted by something that was seen. `proof` joins them. What is in a
body is read by the machine's own decoders, which have tests of their own: a document doesn't say
how a form is written.
"""

"""The HTTP edge: one adapter for each operation, in a module for each family, and what they share.

An adapter takes a request apart as openapi.yaml describes it, calls the operation with plain values, and puts its
result into a response. `operations` is the list of all of them.
"""

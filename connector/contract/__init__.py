"""openapi.yaml: the validation of requests against it, and the documents that are derived from it.

`validation` reads it and checks requests; `documents` has the derived ones, OpenAPI 3.0 for agents (`agents`) and
for generated clients (`clients`), and Swagger 2.0 for makers (`makers`). `python -m connector.contract` prints them.
"""

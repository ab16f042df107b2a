"""The connector: everything that is deployed, besides function_app.py, openapi.yaml and host.json."""

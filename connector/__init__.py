"""The connector: everything that is deployed beside function_app.py."""

"""Generates docs/recipes from the recipes: for each a page, with what its own run returned, and an entry of index.json.

Never deployed.
"""

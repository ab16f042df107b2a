"""Recipes: questions that users ask about their files, with code that answers them.

They are prompts of the MCP server, and `recipe_pages` makes docs/recipes of them.
"""

"""The agents of this folder as a function app."""

from azure_functions_agents import create_function_app

app = create_function_app()

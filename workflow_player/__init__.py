"""Plays workflows of Power Automate and Logic Apps on a running connector. Never deployed.

It evaluates what the workflow language has for the examples and the Playground's snippets, and refuses everything else.
The connector is real; services such as mail have stand-ins.
"""

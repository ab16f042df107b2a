"""Writes the folder from which Power Platform and Logic Apps import the custom connector. Never deployed."""

"""Generates the files that Power Platform and Logic Apps import as a custom connector. Never deployed."""

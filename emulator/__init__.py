"""Emulates Azure on your own machine: functions host, identity endpoint, session pool. Never deployed."""

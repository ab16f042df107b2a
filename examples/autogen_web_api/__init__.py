"""A web API whose AutoGen agent runs Python through the connector, in a session per conversation.

Nothing here imports other folders of the repository, so that the folder can be copied on its own.
"""

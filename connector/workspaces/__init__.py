"""The files of a session, saved as one archive in storage and restored into another session."""

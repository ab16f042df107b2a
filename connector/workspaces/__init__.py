"""Workspaces: the files of a session, saved as one archive in storage, and restored into another session.

`operations` has the operations, `saving` and `restoring` the transfers that they begin, `runs` what a workspace does
around a run or an upload, `marks` what a session knows of its workspace, `archives` where workspaces are in storage.
"""

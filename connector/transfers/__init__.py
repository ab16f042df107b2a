"""Copies of files between sessions and storage, which may take longer than a request: ImportFile and ExportFile.

`transfer` is what all kinds of them share; those of links and workspaces are with these.
"""

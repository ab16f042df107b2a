"""Links to files, which open without a key: `addresses` is what all of them are.

With storage, a link is to a blob that the file was copied to (`stored_links`); without, it is to the file in its
session (`session_links`). `execution_links` are those in the results of runs.
"""

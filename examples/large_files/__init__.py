"""Files that are too large for one request: uploaded in chunks, summed with pandas, and downloaded in ranges; and files
that are larger still, imported from storage and exported again.

`python -m examples.large_files` runs the demo, with a progress bar for each transfer in chunks.
"""

"""Files that no single message carries: up in parts, summed in a session with pandas, and down in parts.

`python -m examples.large_files` plays it, with a bar for each transfer.
"""

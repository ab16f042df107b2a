"""What the connector does, one module for each kind of thing. Plain values in, shapes out; no HTTP."""

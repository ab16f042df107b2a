"""Blob Storage: `containers` has what can be done in one container, `storage` which containers there are."""

"""A course folder on disk: its key, files that appear whole, the errors an instructor reads."""

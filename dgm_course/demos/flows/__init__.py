"""Demos of the chapter on normalizing flows."""

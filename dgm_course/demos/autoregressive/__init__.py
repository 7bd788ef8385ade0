"""Demos of the chapter on autoregressive models."""

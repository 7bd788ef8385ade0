"""What students send: collected from any system's download, read without trust, rebuilt on the release."""

"""What a homework is made of: notebooks built from text, the bank, the release, a sample class."""

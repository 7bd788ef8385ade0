"""What the tests themselves are worth: wrong versions rejected, right ones never, budgets beside the reference."""

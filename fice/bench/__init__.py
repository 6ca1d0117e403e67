"""What an edit takes, and what it would take at least."""

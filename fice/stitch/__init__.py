"""What was drawn, back in the photograph."""

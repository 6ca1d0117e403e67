"""Whole directories: what to edit, what became of it, and a page to look at."""

"""The recipes that made the bundled weights; each resumes from its own checkpoint."""

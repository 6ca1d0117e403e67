"""Foreign checkpoints, read without executing anything, one file per format."""

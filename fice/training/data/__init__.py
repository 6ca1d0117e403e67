"""What the recipes learn from."""

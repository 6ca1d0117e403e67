"""All recipes one after the other."""

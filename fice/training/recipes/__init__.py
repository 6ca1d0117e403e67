"""One recipe a network."""

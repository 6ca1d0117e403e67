"""Words to masks by weights of the user's own, through transformers: read from a folder, never from the network."""

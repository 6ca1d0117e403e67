"""A photograph, analysed: who is where, in what."""

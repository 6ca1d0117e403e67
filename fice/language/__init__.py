"""Sentences: what is asked, and CLIP's reading of it."""

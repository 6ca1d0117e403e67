"""Garments as pictures show them, and how they come onto somebody else's body."""

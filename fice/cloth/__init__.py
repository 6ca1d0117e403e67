"""Cloth: painted on a garment, and the light on it."""

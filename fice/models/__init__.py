"""Bundles on this machine and elsewhere."""

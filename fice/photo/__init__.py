"""Photographs: read, looked through, written back."""

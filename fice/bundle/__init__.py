"""Bundles: networks, weights and what is known of them."""

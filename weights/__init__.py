"""Bundles of network weights, one folder each; a package so that a wheel carries them."""

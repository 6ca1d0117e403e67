"""FICE itself (arXiv 2301.02110): W+ optimised under the terms."""

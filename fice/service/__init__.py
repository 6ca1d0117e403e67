"""Photos and orders of many people on one editor: a queue, limits, and nothing left behind."""

"""The page on which a designer works: `fice web`."""

"""Places on a person that words name: parts of garments by the body's geometry, and things by their class."""

"""Pages, and the small pictures on them."""

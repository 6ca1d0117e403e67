"""What edits are worth: measured picture by picture, compared run by run, shown as table, plots and page."""

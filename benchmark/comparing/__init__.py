"""Two runs side by side: whether they may be compared, what differs, and what may be said of it."""

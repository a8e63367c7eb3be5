"""Writes `docs/data_card.md`: what the data is, counted from the data."""

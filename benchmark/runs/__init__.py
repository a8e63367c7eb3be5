"""What a run directory holds, and what becomes of one while a run makes it."""

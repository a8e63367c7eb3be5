"""What the generators share: the item schema on disk, Russian word forms, invented names."""

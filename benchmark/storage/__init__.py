"""Answers that are kept: under which key, on disk, for whom."""

"""ESG risk of a Russian company: three pillar levels, the overall level, an analysis and measures."""

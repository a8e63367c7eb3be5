"""Market trends: what a macroeconomic change means for each named sector or company."""

"""Static HTML reports: the comparison of two runs, the leaderboard over many, the site that holds them."""

"""Who may ask, and how often: passwords, rate limits, other origins, retries."""

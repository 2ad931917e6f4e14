"""Protection of the service: passwords, credentials, rate limits, other origins, retries."""

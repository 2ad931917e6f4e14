"""What the service reports about itself: the log and the metrics."""

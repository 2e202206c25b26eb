"""What can be said of the definition before anything runs."""

"""From an execution's input to all that its states need; the page about one that failed."""

"""The Setup function: from an execution's input to everything that its states need."""

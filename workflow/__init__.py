"""The state machine that trains an ensemble, and what runs and checks it."""

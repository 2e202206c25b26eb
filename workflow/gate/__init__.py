"""The Gate function: whether a new ensemble is put into use."""

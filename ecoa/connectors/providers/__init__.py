"""The providers, each through its own SDK."""

"""The style guide: a page in development with every component in every state."""

"""Following the mounted serving plan: which versions are loaded and which one answers."""

"""HTTP/1.1 on asyncio protocol classes: connections, limits, routes; nothing of models."""

"""`trimtab` and `kubectl trimtab`: check, run, render, draw and audit from a terminal."""

"""Open Inference Protocol v2 as pure functions between bytes and typed values."""

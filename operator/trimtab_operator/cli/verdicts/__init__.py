"""Decides replayed windows once more, and compares with what was recorded."""

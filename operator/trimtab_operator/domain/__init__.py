"""What to do next: pure decisions on frozen snapshots. No I/O, no clock, no randomness."""

"""The monitor: evaluates every DriftMonitor's windows and says what it saw. It decides nothing."""

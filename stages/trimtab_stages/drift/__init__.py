"""Drift statistics: what panes, decision records and labels of a window say. No I/O."""

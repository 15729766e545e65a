"""What is left behind by served rows: panes, captured rows, decision records, feedback."""

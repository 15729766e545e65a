"""The loop as one picture: objects -> `picture` -> `layout` -> SVG. Pure functions, no I/O."""

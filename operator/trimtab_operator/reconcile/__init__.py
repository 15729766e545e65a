"""The one loop: gather, plan, apply, status. Level-triggered; events only say where to look."""

"""Pure builders of child objects: deterministic names, owner references, Pod Security."""

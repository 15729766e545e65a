"""Every metric of the operator and the format of its log."""

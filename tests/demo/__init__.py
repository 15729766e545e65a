"""The demo: from raw bike-share counts to answers for the next month, in a real cluster."""

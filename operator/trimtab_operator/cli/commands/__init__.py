"""One module a command: options in, words and an exit code out."""

"""The built-in blocks, one slot per file. They are found by name through the registry, like anybody else's."""

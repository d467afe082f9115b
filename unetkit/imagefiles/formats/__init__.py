"""One module per file format. Each has `open_file(path, request)`, a context manager that yields the Images in a file,
and `create_file(path, images, channels, dtype)`, one that yields a ResultWriter (see `FileFormat`).
"""

"""The site of the documentation: what it is built from, and its pages that are generated."""

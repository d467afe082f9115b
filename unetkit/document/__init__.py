"""YAML files: text to trees whose values know their places, `extends`, overrides, and which kind of file it is."""

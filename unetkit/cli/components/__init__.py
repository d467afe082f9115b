"""Commands on the components that a YAML file can name: those of unetkit, and those of plugins."""

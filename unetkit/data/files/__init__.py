"""The files of each image: masks beside it, channels in separate files, names and patterns."""

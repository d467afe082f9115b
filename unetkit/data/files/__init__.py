"""Which files belong to one image: masks beside it, channels in files of their own, names and patterns."""

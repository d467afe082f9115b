"""Random patches of images: where they are taken, how they are augmented and balanced."""

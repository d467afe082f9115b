"""Commands on the spec of a network; none of them imports torch."""

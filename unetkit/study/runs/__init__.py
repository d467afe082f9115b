"""The execution of a study: a coordinator hands runs to an engine, and each run trains in a process of its own."""

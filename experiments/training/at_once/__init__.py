"""Several seeds of one setting, trained in one process as one wide network."""

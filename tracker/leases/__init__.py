"""Who does which piece of work now, so that nothing is done twice."""

"""`python -m experiments` says which experiments there are."""

import experiments

print(experiments.__doc__)

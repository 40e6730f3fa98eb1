"""The learning rate that a network can be trained with, looked for before it is trained."""

"""The table and the tree in the formats that others read."""

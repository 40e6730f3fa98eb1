"""nx-27017 with every update done in Python: its quick way in SQL turns dates into text."""

import sys

from neosqlite.collection.query_helper import set_force_fallback
from nx_27017.nx_27017 import main

set_force_fallback(True)
sys.exit(main())

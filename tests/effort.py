"""How long chance looks for a sequence that breaks a rule: `PROPERTY_EFFORT=20 pytest tests/patients/goals`."""

import os

EFFORT = int(os.environ.get("PROPERTY_EFFORT", "1"))

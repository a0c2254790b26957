"""Who adds to a case besides those who decide (`clinical.md` 6, the roles of MDT-MODe). Pure."""

from careteam.people.rules import Role

INPUTS: tuple[Role, ...] = (Role.NURSE_COORDINATOR, Role.PALLIATIVE, Role.DIETITIAN, Role.TRIAL_NURSE)

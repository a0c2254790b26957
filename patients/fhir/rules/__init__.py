"""How FHIR is read: files, references, dates, codes, and what a resource says. No database, no clock, no settings.

Reading order: ``reading`` (bytes to entries) > ``collecting`` (index of everything) > ``references`` and
``keys`` (who is meant, is it the same thing) > ``mapping`` (a resource to facts) > ``lines`` (facts to treatment
lines). Codes are data, in ``codes``.
"""

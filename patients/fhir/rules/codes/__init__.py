"""Code tables: code, system, meaning, and how far it was checked (`Tag`). Data only; extend as real files demand."""

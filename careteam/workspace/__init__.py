"""The roof: pages that show several slices at once. Nothing below imports from here."""

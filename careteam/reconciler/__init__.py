"""What the nightly reconciler found and mended, kept: its work is done by `careteam.workspace.reconciling`."""

"""The coming weeks across patients: injections, cycles, procedures, preparation, scans, meetings."""

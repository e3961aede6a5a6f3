"""What a run found, as data: `report.json` and all that it holds."""

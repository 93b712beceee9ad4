"""What the identify stage knows of records, and how it decides; ``identify.py`` is the stage."""

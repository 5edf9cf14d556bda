"""The processes of a venue: agents, supervisor, journal."""

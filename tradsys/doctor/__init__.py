"""Whether a host suits a venue: each check gives what it found, why that matters, and the command that mends it."""

"""The slow, obvious models that say what right means."""

"""Running a venue's affairs: who may come in, what was done, what there is as a file."""

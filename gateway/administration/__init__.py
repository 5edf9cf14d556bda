"""What administrators do over REST while the venue runs; everything that they do is in the trail."""

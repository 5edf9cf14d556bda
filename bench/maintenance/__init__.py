"""What maintainers ask of the code now and then: who depends on whom, how large it is, where the time goes."""

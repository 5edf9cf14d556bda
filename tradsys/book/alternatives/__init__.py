"""Structures for price levels that lost against `tradsys.book.levels`, kept with the benchmark that shows it."""

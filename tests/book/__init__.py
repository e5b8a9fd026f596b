"""The book as its readers get it: built anew, and looked at in a browser."""

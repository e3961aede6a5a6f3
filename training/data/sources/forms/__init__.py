"""The forms that labelled images come in, one module for each; `registry` knows them all."""

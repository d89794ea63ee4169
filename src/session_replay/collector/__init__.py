"""On a developer's machine: finds the files of sessions and ships what grew."""

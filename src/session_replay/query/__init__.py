"""Questions about what is stored: the filter language, lists, figures and traces; reads only."""

"""The commands of `policy`, each loaded only when it is used. They alone print, exit, and read the clock."""

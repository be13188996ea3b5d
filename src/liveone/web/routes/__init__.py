"""One file a group of paths; each route is a few lines that ask the modules beside this folder."""

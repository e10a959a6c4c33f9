"""The programme report: what it consists of, how it is made of counts, and how it is kept. Pure."""

"""A built site on its way to its visitors: what goes up, in which order, to which kind of host."""

STATES = ()

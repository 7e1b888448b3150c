"""One fit in a process of its own: started, watched, resumed, and what it leaves."""

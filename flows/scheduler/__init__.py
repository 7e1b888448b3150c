"""What runs by itself: deployments, automations, the process that runs what is due, and all servers."""

"""What senders, outlets and operators did before, in windows of bounded size."""

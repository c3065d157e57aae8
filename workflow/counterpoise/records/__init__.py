"""What a balancing run leaves behind: its verdict, its trace and its bandwidth search."""

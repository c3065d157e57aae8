"""What a balancing run leaves behind: verdict, facts and their wording, trace, bandwidth search."""

"""What people look at: a page for every student, a report on the class, tables in the terminal."""

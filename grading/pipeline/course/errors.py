"""The one kind of error that an instructor is meant to read."""


class CourseError(Exception):
    """Something is wrong with a course folder; the message is one line that says what, and what to do."""
